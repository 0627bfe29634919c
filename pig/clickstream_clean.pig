-- Makes clean.clickstream: the very rows that warehouse/clean/clickstream.sql keeps, the records it rejects, and counts that add up.
--
--   pig -x local -param_file ref/parameters -param RAW='lake/raw/clickstream/ds=*/*.jsonl'
--       -param REF=ref -param OUT=out pig/clickstream_clean.pig
--
-- REF holds tables of the ref layer as text, and `parameters`: the shop's currency and the values an enum may take, from the contracts.
-- `python -m cluster.pig ref` writes it. OUT receives
--   clean/         Parquet: times in microseconds, money in ten-thousandths, dates in days since 1970
--                  (rendered/pig/ has the views that give the contract's types)
--   rejected/      Parquet: each record left out with the first reason, and its text as it came
--   quality/       text: day, how many landed, an outcome, its rows
--   by_customer/   text: events of each signed-in user
--   by_category/   text: events of each product category and type
%default RAW 'raw/clickstream/ds=*/*.jsonl'
%default REF 'ref'
%default OUT 'clean_pig/clickstream'
%default SCRIPTS 'pig'
%default PYTHON 'python3'
-- A text without the blanks around it; nothing when only blanks are left. TRIM takes off control characters, too.
%declare TIDY '(?s) *([^ ](?:.*[^ ])?) *'
-- A whole number, and money: a column of money is in ten-thousandths, DECIMAL(18,4) without its point.
%declare INTEGER '-?[0-9]{1,18}'
%declare MONEY '-?[0-9]{1,14}([.][0-9]{1,4})?'
%declare CAPITAL 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
%declare SMALL 'abcdefghijklmnopqrstuvwxyz'
%declare COLUMNS 'event_id,event_type,event_ts,visitor_id,user_id,session_id,product_id,quantity,unit_price,currency,transaction_id,search_query,page_url,referrer,utm_source,utm_medium,utm_campaign,device_type,user_agent,ip_address,country'

SET parquet.compression GZIP;
IMPORT '$SCRIPTS/macros.pig';
-- ASCII only: LOWER of other letters differs by engine.
DEFINE replace_chars InvokeForString('org.apache.commons.lang3.StringUtils.replaceChars', 'String String String');
DEFINE read_json `$PYTHON read_json.py $COLUMNS` SHIP('$SCRIPTS/read_json.py');

-- Records as text. No line of a landed file holds a tab, so a line is one field; -tagPath puts its file before it.
lines = LOAD '$RAW' USING PigStorage('\t', '-tagPath');
read = STREAM lines THROUGH read_json AS (
    path:chararray, is_malformed:int, text:chararray, event_id:chararray, event_type:chararray, event_ts:chararray,
    visitor_id:chararray, user_id:chararray, session_id:chararray, product_id:chararray, quantity:chararray, unit_price:chararray,
    currency:chararray, transaction_id:chararray, search_query:chararray, page_url:chararray, referrer:chararray,
    utm_source:chararray, utm_medium:chararray, utm_campaign:chararray, device_type:chararray, user_agent:chararray,
    ip_address:chararray, country:chararray);
-- read_json.py writes the text of a record without tabs and line ends.
records = FOREACH read GENERATE
    REGEX_EXTRACT(path, '/ds=([^/]+)/[^/]+$', 1) AS ds, REGEX_EXTRACT(path, '(raw/[^/]+/[^/]+/[^/]+)$', 1) AS source_file,
    REPLACE(REPLACE(REPLACE(REPLACE(text, '%09', '\t'), '%0A', '\n'), '%0D', '\r'), '%25', '%') AS raw_text,
    is_malformed, event_id .. country;

-- Texts trimmed, enums folded, times and numbers read.
tidy = FOREACH records GENERATE
    ds, source_file, raw_text, is_malformed,
    REGEX_EXTRACT(event_id, '$TIDY', 1) AS event_id,
    replace_chars(REGEX_EXTRACT(event_type, '$TIDY', 1), '$CAPITAL', '$SMALL') AS event_type,
    REGEX_EXTRACT(event_ts, '$TIDY', 1) AS event_text,
    REGEX_EXTRACT(visitor_id, '$TIDY', 1) AS visitor_id,
    REGEX_EXTRACT(user_id, '$TIDY', 1) AS user_id,
    REGEX_EXTRACT(session_id, '$TIDY', 1) AS session_id,
    REGEX_EXTRACT(product_id, '$TIDY', 1) AS product_id,
    REGEX_EXTRACT(quantity, '$TIDY', 1) AS quantity_text,
    REGEX_EXTRACT(unit_price, '$TIDY', 1) AS price_text,
    UPPER(REGEX_EXTRACT(currency, '$TIDY', 1)) AS told_currency,
    REGEX_EXTRACT(transaction_id, '$TIDY', 1) AS transaction_id,
    REGEX_EXTRACT(search_query, '$TIDY', 1) AS search_query,
    REGEX_EXTRACT(page_url, '$TIDY', 1) AS page_url,
    REGEX_EXTRACT(referrer, '$TIDY', 1) AS referrer,
    replace_chars(REGEX_EXTRACT(utm_source, '$TIDY', 1), '$CAPITAL', '$SMALL') AS utm_source,
    replace_chars(REGEX_EXTRACT(utm_medium, '$TIDY', 1), '$CAPITAL', '$SMALL') AS utm_medium,
    REGEX_EXTRACT(utm_campaign, '$TIDY', 1) AS utm_campaign,
    replace_chars(REGEX_EXTRACT(device_type, '$TIDY', 1), '$CAPITAL', '$SMALL') AS device_type,
    REGEX_EXTRACT(user_agent, '$TIDY', 1) AS user_agent,
    REGEX_EXTRACT(ip_address, '$TIDY', 1) AS ip_address,
    UPPER(REGEX_EXTRACT(country, '$TIDY', 1)) AS country;
told = FOREACH tidy GENERATE *,
    (told_currency IS NULL ? '$CURRENCY' : told_currency) AS currency,
    (quantity_text MATCHES '$INTEGER' ? (long) quantity_text : null) AS quantity,
    (price_text MATCHES '$MONEY' ? (long) ((bigdecimal) price_text * 10000BD) : null) AS unit_price;
timed = to_time(told, event_text, event_us);

-- What other tables know of it: the calendar, the shop's clock, and which agents are robots, decided there and only there.
dates = LOAD '$REF/dates.tsv' AS (calendar_date:chararray, day_end_us:long);
dated = JOIN timed BY ds LEFT, dates BY calendar_date USING 'replicated';
located = to_local(dated, '$REF/zone_days.tsv', event_us, event_date, event_hour);
agents = LOAD '$REF/user_agents.tsv' AS (agent:chararray, is_bot:boolean);
robots = FILTER agents BY is_bot;
met = JOIN located BY user_agent LEFT, robots BY agent USING 'replicated';

-- The first reason that applies. A comparison with NULL is NULL, and so would be the whole CASE: where a value may be NULL, ask first.
judged = FOREACH met GENERATE
    event_id, event_type, event_us AS event_ts, event_us, event_date, event_hour, visitor_id, user_id, session_id, product_id, quantity,
    unit_price, currency, transaction_id, search_query, page_url, referrer, utm_source, utm_medium, utm_campaign, device_type,
    user_agent, ip_address, country, ds AS ds, source_file AS source_file, raw_text AS raw_text,
    (CASE
        WHEN is_malformed == 1 THEN 'malformed'
        WHEN event_id IS NULL THEN 'missing_required:event_id'
        WHEN event_text IS NULL THEN 'missing_required:event_ts'
        WHEN event_type IS NULL THEN 'missing_required:event_type'
        WHEN visitor_id IS NULL THEN 'missing_required:visitor_id'
        WHEN event_us IS NULL THEN 'bad_timestamp:event_ts'
        WHEN day_end_us IS NOT NULL AND event_us > day_end_us + 600000000L THEN 'future_timestamp:event_ts'
        WHEN quantity IS NULL AND quantity_text IS NOT NULL THEN 'bad_number:quantity'
        WHEN unit_price IS NULL AND price_text IS NOT NULL THEN 'bad_number:unit_price'
        WHEN quantity IS NOT NULL AND (quantity <= 0 OR quantity > 1000000000) THEN 'bad_amount:quantity'
        WHEN unit_price IS NOT NULL AND unit_price < 0 THEN 'bad_amount:unit_price'
        WHEN quantity IS NOT NULL AND unit_price IS NOT NULL
            AND (biginteger) quantity * (biginteger) unit_price > 1000000000000000BI THEN 'bad_amount:unit_price'
        WHEN NOT event_type MATCHES '$EVENT_TYPES' THEN 'unknown_event_type:event_type'
        WHEN NOT currency MATCHES '$CURRENCIES' THEN 'unknown_currency:currency'
        WHEN agent IS NOT NULL THEN 'bot:user_agent'
        ELSE 'clean'
    END) AS outcome;
-- Whatever is not clean is left out, judged or not: a record can not be lost between the two.
SPLIT judged INTO good IF outcome == 'clean', bad IF outcome IS NULL OR outcome != 'clean';

-- Of the copies of an event within a day of arrival the first by time, then by all columns, stays.
by_event = GROUP good BY (ds, event_id);
kept = FOREACH by_event {
    ordered = ORDER good BY event_us, event_id, event_type, event_date, event_hour, visitor_id, user_id, session_id, product_id, quantity,
        unit_price, currency, transaction_id, search_query, page_url, referrer, utm_source, utm_medium, utm_campaign, device_type,
        user_agent, ip_address, country;
    first = LIMIT ordered 1;
    GENERATE FLATTEN(first), COUNT_STAR(good) AS copies;
};
clean = FOREACH kept GENERATE
    event_id AS event_id, event_type AS event_type, event_ts AS event_ts, event_us AS event_us, event_date AS event_date,
    event_hour AS event_hour, visitor_id AS visitor_id, user_id AS user_id, session_id AS session_id, product_id AS product_id,
    quantity AS quantity, unit_price AS unit_price, currency AS currency, transaction_id AS transaction_id,
    search_query AS search_query, page_url AS page_url, referrer AS referrer, utm_source AS utm_source, utm_medium AS utm_medium,
    utm_campaign AS utm_campaign, device_type AS device_type, user_agent AS user_agent, ip_address AS ip_address,
    country AS country, ds AS ds, copies AS copies;
left_out = FOREACH bad GENERATE (outcome IS NULL ? 'unjudged' : outcome) AS outcome, raw_text, source_file, ds;
rejected = to_rejected(left_out);

quality = count_outcomes(left_out, clean);

signed_in = FILTER clean BY user_id IS NOT NULL;
by_user = GROUP signed_in BY user_id;
by_customer = FOREACH by_user {
    views = FILTER signed_in BY event_type == 'view';
    carts = FILTER signed_in BY event_type == 'add_to_cart';
    purchases = FILTER signed_in BY event_type == 'purchase';
    GENERATE group AS user_id, COUNT_STAR(signed_in) AS event_count, COUNT_STAR(views) AS view_count, COUNT_STAR(carts) AS cart_count,
        COUNT_STAR(purchases) AS purchase_count, MIN(signed_in.event_us) AS first_us, MAX(signed_in.event_us) AS last_us;
};
products = LOAD '$REF/products.tsv' AS (sku:chararray, category:chararray);
of_product = FILTER clean BY product_id IS NOT NULL;
placed = JOIN of_product BY product_id LEFT, products BY sku;
filed = FOREACH placed GENERATE (category IS NULL ? 'unknown' : category) AS category, event_type AS event_type;
by_both = GROUP filed BY (category, event_type);
by_category = FOREACH by_both GENERATE FLATTEN(group) AS (category, event_type), COUNT_STAR(filed) AS event_count;

stored = FOREACH clean GENERATE event_id .. ds;
STORE stored INTO '$OUT/clean' USING org.apache.parquet.pig.ParquetStorer();
STORE rejected INTO '$OUT/rejected' USING org.apache.parquet.pig.ParquetStorer();
STORE quality INTO '$OUT/quality';
STORE by_customer INTO '$OUT/by_customer';
STORE by_category INTO '$OUT/by_category';
