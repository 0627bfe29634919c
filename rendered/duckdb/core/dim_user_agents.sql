-- core.dim_user_agents, as duckdb runs it. Made by `make render` from warehouse/core/dim_user_agents.sql: change that.
SELECT
    CAST(m.user_agent AS VARCHAR) AS user_agent,
    CAST(m.is_bot AS BOOLEAN) AS is_bot,
    CAST(m.bot_reason AS VARCHAR) AS bot_reason,
    CAST(m.browser AS VARCHAR) AS browser,
    CAST(m.os AS VARCHAR) AS os,
    CAST(m.device_family AS VARCHAR) AS device_family
FROM (
    SELECT
      a.user_agent,
      a.is_bot,
      a.bot_reason,
      a.browser,
      a.os,
      a.device_family
    FROM ref.user_agents AS a
) AS m
