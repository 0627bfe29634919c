-- One row per distinct user agent, classified once in Python: regular expressions differ by engine.
SELECT a.user_agent, a.is_bot, a.bot_reason, a.browser, a.os, a.device_family
FROM ref.user_agents AS a
