-- Makes clean.transactions: the very rows that warehouse/clean/transactions.sql keeps, the records it rejects, and counts that add up.
--
--   pig -x local -param_file ref/parameters -param RAW='lake/raw/transactions/ds=*/*.{csv,jsonl}'
--       -param REF=ref -param OUT=out pig/transactions_clean.pig
--
-- REF holds tables of the ref layer as text, and `parameters`: the shop's currency and the values an enum may take, from the contracts.
-- `python -m cluster.pig ref` writes it. OUT receives
--   clean/         Parquet: times in microseconds, money in ten-thousandths, dates in days since 1970
--                  (rendered/pig/ has the views that give the contract's types)
--   rejected/      Parquet: each record left out with the first reason, and its text as it came
--   quality/       text: day, how many landed, an outcome, its rows
--   anomalies/     text: lines over ten times the median of their product
--   by_customer/   text: orders, lines, units and money of each customer and currency
--   by_category/   text: the same of each product category and currency
%default RAW 'raw/transactions/ds=*/*.{csv,jsonl}'
%default REF 'ref'
%default OUT 'clean_pig/transactions'
%default SCRIPTS 'pig'
%default PYTHON 'python3'
-- A text without the blanks around it; nothing when only blanks are left. TRIM takes off control characters, too.
%declare TIDY '(?s) *([^ ](?:.*[^ ])?) *'
-- A whole number, and money: a column of money is in ten-thousandths, DECIMAL(18,4) without its point.
%declare INTEGER '-?[0-9]{1,18}'
%declare MONEY '-?[0-9]{1,14}([.][0-9]{1,4})?'
%declare CAPITAL 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
%declare SMALL 'abcdefghijklmnopqrstuvwxyz'
%declare COLUMNS 'transaction_id,line_number,line_type,user_id,email,visitor_id,product_id,quantity,unit_price,discount_amount,tax_amount,shipping_amount,total_amount,currency,coupon_code,payment_method,card_last4,status,order_source,ship_city,ship_region,ship_postal_code,ship_country,ordered_at,updated_at'

SET parquet.compression GZIP;
IMPORT '$SCRIPTS/macros.pig';
-- ASCII only: LOWER of other letters differs by engine.
DEFINE replace_chars InvokeForString('org.apache.commons.lang3.StringUtils.replaceChars', 'String String String');
DEFINE Over org.apache.pig.piggybank.evaluation.Over('int');
DEFINE Stitch org.apache.pig.piggybank.evaluation.Stitch;
DEFINE read_json `$PYTHON read_json.py $COLUMNS` SHIP('$SCRIPTS/read_json.py');

-- Records as text. No line of a landed file holds a tab, so a line is one field; -tagPath puts its file before it.
-- The files are read twice, each time for its own half: a SPLIT would write all of them down first.
csv_files = LOAD '$RAW' USING PigStorage('\t', '-tagPath');
csv = FILTER csv_files BY (chararray) $0 MATCHES '.*[.]csv';
json_files = LOAD '$RAW' USING PigStorage('\t', '-tagPath');
json = FILTER json_files BY NOT (chararray) $0 MATCHES '.*[.]csv';

-- CSV that landed as plain has no quotes: a record is its line, and commas part its values. Of another number of them it is malformed.
parted = FOREACH csv GENERATE (chararray) $0 AS path, (chararray) $1 AS raw_text, STRSPLIT((chararray) $1, ',', -1) AS fields;
from_csv = FOREACH parted GENERATE path, (SIZE(fields) == 25 ? 0 : 1) AS is_malformed, raw_text,
    FLATTEN((SIZE(fields) == 25 ? fields : STRSPLIT(',,,,,,,,,,,,,,,,,,,,,,,,', ',', -1))) AS (
    transaction_id:chararray, line_number:chararray, line_type:chararray, user_id:chararray, email:chararray, visitor_id:chararray,
    product_id:chararray, quantity:chararray, unit_price:chararray, discount_amount:chararray, tax_amount:chararray,
    shipping_amount:chararray, total_amount:chararray, currency:chararray, coupon_code:chararray, payment_method:chararray,
    card_last4:chararray, status:chararray, order_source:chararray, ship_city:chararray, ship_region:chararray,
    ship_postal_code:chararray, ship_country:chararray, ordered_at:chararray, updated_at:chararray);
read = STREAM json THROUGH read_json AS (path:chararray, is_malformed:int, text:chararray,
    transaction_id:chararray, line_number:chararray, line_type:chararray, user_id:chararray, email:chararray, visitor_id:chararray,
    product_id:chararray, quantity:chararray, unit_price:chararray, discount_amount:chararray, tax_amount:chararray,
    shipping_amount:chararray, total_amount:chararray, currency:chararray, coupon_code:chararray, payment_method:chararray,
    card_last4:chararray, status:chararray, order_source:chararray, ship_city:chararray, ship_region:chararray,
    ship_postal_code:chararray, ship_country:chararray, ordered_at:chararray, updated_at:chararray);
-- read_json.py writes the text of a record without tabs and line ends.
from_json = FOREACH read GENERATE
    path, is_malformed, REPLACE(REPLACE(REPLACE(REPLACE(text, '%09', '\t'), '%0A', '\n'), '%0D', '\r'), '%25', '%') AS raw_text,
    transaction_id .. updated_at;
records = UNION from_csv, from_json;

-- Texts trimmed, enums folded, times and numbers read.
tidy = FOREACH records GENERATE
    REGEX_EXTRACT(path, '/ds=([^/]+)/[^/]+$', 1) AS ds, REGEX_EXTRACT(path, '(raw/[^/]+/[^/]+/[^/]+)$', 1) AS source_file,
    raw_text, is_malformed,
    REGEX_EXTRACT(transaction_id, '$TIDY', 1) AS transaction_id,
    REGEX_EXTRACT(line_number, '$TIDY', 1) AS line_text,
    replace_chars(REGEX_EXTRACT(line_type, '$TIDY', 1), '$CAPITAL', '$SMALL') AS told_type,
    REGEX_EXTRACT(user_id, '$TIDY', 1) AS user_id,
    replace_chars(REGEX_EXTRACT(email, '$TIDY', 1), '$CAPITAL', '$SMALL') AS email,
    REGEX_EXTRACT(visitor_id, '$TIDY', 1) AS visitor_id,
    REGEX_EXTRACT(product_id, '$TIDY', 1) AS product_id,
    REGEX_EXTRACT(quantity, '$TIDY', 1) AS quantity_text,
    REGEX_EXTRACT(unit_price, '$TIDY', 1) AS price_text,
    REGEX_EXTRACT(discount_amount, '$TIDY', 1) AS discount_text,
    REGEX_EXTRACT(tax_amount, '$TIDY', 1) AS tax_text,
    REGEX_EXTRACT(shipping_amount, '$TIDY', 1) AS shipping_text,
    REGEX_EXTRACT(total_amount, '$TIDY', 1) AS total_text,
    UPPER(REGEX_EXTRACT(currency, '$TIDY', 1)) AS told_currency,
    REGEX_EXTRACT(coupon_code, '$TIDY', 1) AS coupon_code,
    replace_chars(REGEX_EXTRACT(payment_method, '$TIDY', 1), '$CAPITAL', '$SMALL') AS payment_method,
    REGEX_EXTRACT(card_last4, '$TIDY', 1) AS card_last4,
    replace_chars(REGEX_EXTRACT(status, '$TIDY', 1), '$CAPITAL', '$SMALL') AS told_status,
    replace_chars(REGEX_EXTRACT(order_source, '$TIDY', 1), '$CAPITAL', '$SMALL') AS order_source,
    REGEX_EXTRACT(ship_city, '$TIDY', 1) AS ship_city,
    REGEX_EXTRACT(ship_region, '$TIDY', 1) AS ship_region,
    REGEX_EXTRACT(ship_postal_code, '$TIDY', 1) AS ship_postal_code,
    REGEX_EXTRACT(ship_country, '$TIDY', 1) AS ship_country,
    REGEX_EXTRACT(ordered_at, '$TIDY', 1) AS ordered_text,
    REGEX_EXTRACT(updated_at, '$TIDY', 1) AS told_updated;
told = FOREACH tidy GENERATE *,
    (told_type IS NULL ? 'product' : told_type) AS line_type,
    (told_status IS NULL ? 'paid' : told_status) AS status,
    (told_currency IS NULL ? '$CURRENCY' : told_currency) AS currency,
    (told_updated IS NULL ? ordered_text : told_updated) AS updated_text,
    (line_text MATCHES '$INTEGER' ? (long) line_text : null) AS line_number,
    (quantity_text MATCHES '$INTEGER' ? (long) quantity_text : null) AS quantity,
    (price_text MATCHES '$MONEY' ? (long) ((bigdecimal) price_text * 10000BD) : null) AS unit_price,
    (discount_text MATCHES '$MONEY' ? (long) ((bigdecimal) discount_text * 10000BD) : null) AS discount_value,
    (tax_text MATCHES '$MONEY' ? (long) ((bigdecimal) tax_text * 10000BD) : null) AS tax_value,
    (shipping_text MATCHES '$MONEY' ? (long) ((bigdecimal) shipping_text * 10000BD) : null) AS shipping_value,
    (total_text MATCHES '$MONEY' ? (long) ((bigdecimal) total_text * 10000BD) : null) AS total_value;
ordered = to_time(told, ordered_text, ordered_us);
updated = to_time(ordered, updated_text, updated_us);

-- What follows from them. A quantity times a price may need more digits than a long has.
filled = FOREACH updated GENERATE *,
    (line_type == 'discount' OR line_type == 'adjustment' ? 1 : 0) AS takes_either_sign,
    (discount_value IS NULL ? 0L : discount_value) AS discount_amount,
    (tax_value IS NULL ? 0L : tax_value) AS tax_amount,
    (shipping_value IS NULL ? 0L : shipping_value) AS shipping_amount,
    (biginteger) quantity * (biginteger) unit_price AS line_amount;
expected = FOREACH filled GENERATE *,
    line_amount + (biginteger) (tax_amount + shipping_amount - discount_amount) AS expected_total;

-- What other tables know of it: the calendar, the shop's clock.
dates = LOAD '$REF/dates.tsv' AS (calendar_date:chararray, day_end_us:long);
dated = JOIN expected BY ds LEFT, dates BY calendar_date USING 'replicated';
located = to_local(dated, '$REF/zone_days.tsv', ordered_us, order_date, order_hour);

-- The first reason that applies. A comparison with NULL is NULL, and so would be the whole CASE: where a value may be NULL, ask first.
judged = FOREACH located GENERATE
    transaction_id, line_number, line_type, user_id, email, visitor_id, product_id, quantity, unit_price, discount_amount,
    tax_amount, shipping_amount, (total_value IS NULL ? (long) expected_total : total_value) AS total_amount, currency, coupon_code,
    payment_method, card_last4, status, order_source, ship_city, ship_region, ship_postal_code, ship_country,
    ordered_us AS ordered_at, ordered_us, order_date, order_hour, updated_us AS updated_at, updated_us,
    ds AS ds, source_file AS source_file, raw_text AS raw_text,
    (CASE
        WHEN raw_text IS NOT NULL AND raw_text == '$COLUMNS' AND source_file MATCHES '.*[.]csv' THEN 'header'
        WHEN is_malformed == 1 THEN 'malformed'
        WHEN transaction_id IS NULL THEN 'missing_required:transaction_id'
        WHEN line_text IS NULL THEN 'missing_required:line_number'
        WHEN ordered_text IS NULL THEN 'missing_required:ordered_at'
        WHEN quantity_text IS NULL THEN 'missing_required:quantity'
        WHEN price_text IS NULL THEN 'missing_required:unit_price'
        WHEN ordered_us IS NULL THEN 'bad_timestamp:ordered_at'
        WHEN updated_us IS NULL THEN 'bad_timestamp:updated_at'
        WHEN day_end_us IS NOT NULL AND ordered_us > day_end_us + 600000000L THEN 'future_timestamp:ordered_at'
        WHEN day_end_us IS NOT NULL AND updated_us > day_end_us + 600000000L THEN 'future_timestamp:updated_at'
        WHEN line_number IS NULL THEN 'bad_number:line_number'
        WHEN quantity IS NULL THEN 'bad_number:quantity'
        WHEN unit_price IS NULL THEN 'bad_number:unit_price'
        WHEN discount_text IS NOT NULL AND discount_value IS NULL THEN 'bad_number:discount_amount'
        WHEN tax_text IS NOT NULL AND tax_value IS NULL THEN 'bad_number:tax_amount'
        WHEN shipping_text IS NOT NULL AND shipping_value IS NULL THEN 'bad_number:shipping_amount'
        WHEN total_text IS NOT NULL AND total_value IS NULL THEN 'bad_number:total_amount'
        WHEN quantity < -1000000000L OR quantity > 1000000000L THEN 'bad_amount:quantity'
        WHEN line_type == 'stock_adjustment' AND unit_price != 0 THEN 'bad_amount:unit_price'
        WHEN line_type != 'stock_adjustment' AND takes_either_sign == 0 AND quantity <= 0 THEN 'bad_amount:quantity'
        WHEN takes_either_sign == 0 AND unit_price < 0 THEN 'bad_amount:unit_price'
        WHEN takes_either_sign == 0 AND discount_amount < 0 THEN 'bad_amount:discount_amount'
        WHEN takes_either_sign == 0 AND tax_amount < 0 THEN 'bad_amount:tax_amount'
        WHEN takes_either_sign == 0 AND shipping_amount < 0 THEN 'bad_amount:shipping_amount'
        WHEN line_amount < -1000000000000000BI OR line_amount > 1000000000000000BI THEN 'bad_amount:unit_price'
        WHEN expected_total < -1000000000000000BI OR expected_total > 1000000000000000BI THEN 'bad_amount:total_amount'
        WHEN total_value IS NOT NULL AND ((biginteger) total_value - expected_total < -100BI OR (biginteger) total_value - expected_total > 100BI) THEN 'total_mismatch:total_amount'
        WHEN NOT line_type MATCHES '$LINE_TYPES' THEN 'unknown_line_type:line_type'
        WHEN NOT status MATCHES '$STATUSES' THEN 'unknown_status:status'
        WHEN payment_method IS NOT NULL AND NOT payment_method MATCHES '$PAYMENT_METHODS' THEN 'unknown_payment_method:payment_method'
        WHEN NOT currency MATCHES '$CURRENCIES' THEN 'unknown_currency:currency'
        ELSE 'clean'
    END) AS outcome;
-- Whatever is neither is left out: a record can not be lost between the two.
SPLIT judged INTO good IF outcome == 'clean', headers IF outcome == 'header',
    bad IF outcome IS NULL OR (outcome != 'clean' AND outcome != 'header');

-- Each CSV file begins with a header, which is no record. A later line like it is one, and has no time in the place of its time.
named = FOREACH headers GENERATE source_file, ds, raw_text;
by_file = GROUP named BY source_file;
with_place = FOREACH by_file GENERATE
    FLATTEN(Stitch(named, Over(named.ds, 'row_number'))) AS (source_file:chararray, ds:chararray, raw_text:chararray, place:int);
later = FILTER with_place BY place > 1;
repeated = FOREACH later GENERATE 'bad_timestamp:ordered_at' AS outcome, raw_text, source_file, ds;
others = FOREACH bad GENERATE (outcome IS NULL ? 'unjudged' : outcome) AS outcome, raw_text, source_file, ds;
left_out = UNION others, repeated;
rejected = to_rejected(left_out);

-- Of the copies of a state of a line within a day of arrival the first by time, then by all columns, stays.
by_state = GROUP good BY (ds, transaction_id, line_number, updated_us);
kept = FOREACH by_state {
    sorted = ORDER good BY
        ordered_us, transaction_id, line_number, line_type, user_id, email, visitor_id, product_id, quantity, unit_price,
        discount_amount, tax_amount, shipping_amount, total_amount, currency, coupon_code, payment_method, card_last4, status,
        order_source, ship_city, ship_region, ship_postal_code, ship_country, order_date, order_hour, updated_at;
    first = LIMIT sorted 1;
    GENERATE FLATTEN(first), COUNT_STAR(good) AS copies;
};
clean = FOREACH kept GENERATE
    transaction_id AS transaction_id, line_number AS line_number, line_type AS line_type, user_id AS user_id, email AS email,
    visitor_id AS visitor_id, product_id AS product_id, quantity AS quantity, unit_price AS unit_price,
    discount_amount AS discount_amount, tax_amount AS tax_amount, shipping_amount AS shipping_amount, total_amount AS total_amount,
    currency AS currency, coupon_code AS coupon_code, payment_method AS payment_method, card_last4 AS card_last4, status AS status,
    order_source AS order_source, ship_city AS ship_city, ship_region AS ship_region, ship_postal_code AS ship_postal_code,
    ship_country AS ship_country, ordered_at AS ordered_at, ordered_us AS ordered_us, order_date AS order_date,
    order_hour AS order_hour, updated_at AS updated_at, updated_us AS updated_us, ds AS ds, copies AS copies;
quality = count_outcomes(left_out, clean);

-- The newest state of each line, and what its units cost. Of two states at one time that of the later day, then the last by its total.
by_line = GROUP clean BY (transaction_id, line_number);
newest = FOREACH by_line {
    sorted = ORDER clean BY updated_us DESC, ds DESC, total_amount DESC;
    first = LIMIT sorted 1;
    GENERATE FLATTEN(first);
};
sold = FILTER newest BY NOT (status == 'pending' OR status == 'payment_failed' OR status == 'cancelled');
lines_sold = FOREACH sold GENERATE
    transaction_id AS transaction_id, line_number AS line_number, line_type AS line_type, user_id AS user_id,
    product_id AS product_id, currency AS currency, quantity AS quantity, quantity * unit_price AS line_amount,
    discount_amount AS discount_amount;

-- Anomalies: a line of over ten times the median of its product's lines in that currency. The median of an even number of lines lies
-- half way between the middle two, so twice the median is the sum of two lines' amounts, of one line twice when the number is odd.
of_product = FILTER lines_sold BY line_type == 'product' AND product_id IS NOT NULL;
by_product = GROUP of_product BY (product_id, currency);
ranked = FOREACH by_product {
    amounts = FOREACH of_product GENERATE transaction_id, line_number, quantity, line_amount;
    sorted = ORDER amounts BY line_amount;
    GENERATE FLATTEN(group) AS (product_id, currency), COUNT_STAR(of_product) AS line_count,
        FLATTEN(Stitch(sorted, Over(sorted.line_amount, 'row_number'))) AS (transaction_id:chararray, line_number:long, quantity:long, line_amount:long, place:int);
};
middle = FILTER ranked BY place == (line_count + 1) / 2 OR place == (line_count + 2) / 2;
by_middle = GROUP middle BY (product_id, currency);
medians = FOREACH by_middle GENERATE
    FLATTEN(group) AS (product_id, currency), MIN(middle.line_amount) + MAX(middle.line_amount) AS twice_median;
compared = JOIN ranked BY (product_id, currency), medians BY (product_id, currency);
over = FILTER compared BY line_amount > 5L * twice_median;
anomalies = FOREACH over GENERATE
    transaction_id AS transaction_id, line_number AS line_number, ranked::product_id AS product_id, ranked::currency AS currency,
    quantity AS quantity, line_amount AS line_amount, twice_median AS twice_median;

-- Money is in ten-thousandths and never added across currencies.
with_user = FILTER lines_sold BY user_id IS NOT NULL;
by_user = GROUP with_user BY (user_id, currency);
by_customer = FOREACH by_user {
    orders = DISTINCT with_user.transaction_id;
    GENERATE FLATTEN(group) AS (user_id, currency), COUNT_STAR(orders) AS order_count, COUNT_STAR(with_user) AS line_count,
        SUM(with_user.quantity) AS unit_count, SUM(with_user.line_amount) AS gross_amount,
        SUM(with_user.line_amount) - SUM(with_user.discount_amount) AS net_amount;
};
products = LOAD '$REF/products.tsv' AS (sku:chararray, category:chararray);
placed = JOIN of_product BY product_id LEFT, products BY sku;
filed = FOREACH placed GENERATE
    (category IS NULL ? 'unknown' : category) AS category, currency AS currency, transaction_id AS transaction_id,
    quantity AS quantity, line_amount AS line_amount, discount_amount AS discount_amount;
by_both = GROUP filed BY (category, currency);
by_category = FOREACH by_both {
    orders = DISTINCT filed.transaction_id;
    GENERATE FLATTEN(group) AS (category, currency), COUNT_STAR(orders) AS order_count, COUNT_STAR(filed) AS line_count,
        SUM(filed.quantity) AS unit_count, SUM(filed.line_amount) AS gross_amount,
        SUM(filed.line_amount) - SUM(filed.discount_amount) AS net_amount;
};

stored = FOREACH clean GENERATE transaction_id .. ds;
STORE stored INTO '$OUT/clean' USING org.apache.parquet.pig.ParquetStorer();
STORE rejected INTO '$OUT/rejected' USING org.apache.parquet.pig.ParquetStorer();
STORE quality INTO '$OUT/quality';
STORE anomalies INTO '$OUT/anomalies';
STORE by_customer INTO '$OUT/by_customer';
STORE by_category INTO '$OUT/by_category';
