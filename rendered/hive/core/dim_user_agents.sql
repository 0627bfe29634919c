-- core.dim_user_agents, as hive runs it. Made by `make render` from warehouse/core/dim_user_agents.sql: change that.
SELECT
    CAST(m.user_agent AS STRING) AS user_agent,
    CAST(m.is_bot AS BOOLEAN) AS is_bot,
    CAST(m.bot_reason AS STRING) AS bot_reason,
    CAST(m.browser AS STRING) AS browser,
    CAST(m.os AS STRING) AS os,
    CAST(m.device_family AS STRING) AS device_family
FROM (
    SELECT
      a.user_agent,
      a.is_bot,
      a.bot_reason,
      a.browser,
      a.os,
      a.device_family
    FROM ecommerce_ref.user_agents AS a
) AS m
