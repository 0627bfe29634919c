-- What both scripts do.
-- A condition that is NULL makes the whole of a CASE or of (a ? b : c) NULL in Pig; each one here is NULL only where NULL is meant.

-- $us: the time in $text in microseconds since 1970, NULL when it is none. Three spellings: 2024-01-05T10:20:30Z and
-- 2024-01-05 10:20:30, both with up to six decimals, and milliseconds, from 2000 to 2099. ToDate fails the whole job over a 30th of
-- February, so only days that exist reach it.
DEFINE to_time(rows, text, us) RETURNS timed {
    $timed = FOREACH $rows GENERATE *, (
        $text MATCHES '20([0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([02468][048]|[13579][26])-02-29)(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z| ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?)'
            ? ToMilliSeconds(ToDate(REPLACE(SUBSTRING($text, 0, 19), 'T', ' '), 'yyyy-MM-dd HH:mm:ss', 'UTC')) * 1000L
                + (long) SUBSTRING(CONCAT(REPLACE(SUBSTRING($text, 19, 27), '[^0-9]', ''), '000000'), 0, 6)
            : ($text MATCHES '[0-9]{12,13}' AND (long) $text >= 946684800000L AND (long) $text <= 4102444799999L
                ? (long) $text * 1000L
                : null)
    ) AS $us:long;
};

-- $date (days since 1970) and $hour: the shop's own, of the time $us. Its offset from UTC changes at most once in a day of UTC.
DEFINE to_local(rows, zone_days, us, date, hour) RETURNS located {
    days = LOAD '$zone_days' AS (utc_day:long, change_us:long, before_us:long, after_us:long);
    joined = JOIN $rows BY $us / 86400000000L LEFT, days BY utc_day USING 'replicated';
    $located = FOREACH joined GENERATE *,
        (int) (($us + ($us < change_us ? before_us : after_us)) / 86400000000L) AS $date:int,
        (($us + ($us < change_us ? before_us : after_us)) % 86400000000L) / 3600000000L AS $hour:long;
};

-- The rows left out, as rejected.<table> has them; refused: outcome (`malformed`, `bad_number:quantity`), raw_text, source_file, ds.
DEFINE to_rejected(refused) RETURNS rejected {
    $rejected = FOREACH $refused GENERATE
        REGEX_EXTRACT(outcome, '([^:]*).*', 1) AS reject_reason, REGEX_EXTRACT(outcome, '[^:]*:?(.*)', 1) AS reject_column,
        (raw_text IS NULL ? '' : raw_text) AS raw_text, source_file AS source_file, ds AS ds;
};

-- Quality statistics: rows by day and outcome, where an outcome is `landed`, `clean`, `duplicate` or what rejected them. For each day
-- landed = clean + duplicate + the rejected. kept: clean rows, each with `copies`, the number of good records of its key.
DEFINE count_outcomes(refused, kept) RETURNS counts {
    by_outcome = GROUP $refused BY (ds, outcome);
    count_left = FOREACH by_outcome GENERATE FLATTEN(group) AS (ds, outcome), COUNT_STAR($refused) AS n;
    by_kept_day = GROUP $kept BY ds;
    count_kept = FOREACH by_kept_day GENERATE group AS ds, COUNT_STAR($kept) AS n, SUM($kept.copies) AS copies;
    count_clean = FOREACH count_kept GENERATE ds, 'clean' AS outcome, n;
    count_duplicate = FOREACH count_kept GENERATE ds, 'duplicate' AS outcome, copies - n AS n;
    parts = UNION count_left, count_clean, count_duplicate;
    by_day = GROUP parts BY ds;
    $counts = FOREACH by_day {
        every = FOREACH parts GENERATE outcome, n;
        GENERATE group AS ds, SUM(parts.n) AS landed, FLATTEN(every) AS (outcome, n);
    };
};
