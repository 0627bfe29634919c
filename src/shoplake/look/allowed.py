"""What `shoplake query` lets through: explicit lists. What is not here is refused, with a reason where one helps."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FUNCTIONS = _words(
    """
    + - * / // % ^ ** || ~~ !~~ ~~* !~~* ~~~ & | << >> @ ! <> != = < > <= >= __between
    count count_star count_if countif sum avg mean min max any_value first last arbitrary median mode mad product
    stddev stddev_pop stddev_samp variance var_pop var_samp skewness kurtosis corr covar_pop covar_samp entropy fsum sem
    regr_slope regr_intercept regr_r2 regr_count regr_avgx regr_avgy regr_sxx regr_sxy regr_syy
    quantile quantile_cont quantile_disc approx_quantile approx_count_distinct histogram
    arg_max arg_min argmax argmin max_by min_by bool_and bool_or bit_and bit_or bit_xor
    string_agg listagg group_concat list array_agg grouping grouping_id weighted_avg wavg geomean
    row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value fill
    abs ceil ceiling floor round round_even trunc sign sqrt cbrt exp ln log log2 log10 pow power mod fmod fdiv divide
    greatest least gcd lcm even factorial add subtract multiply pi degrees radians sin cos tan asin acos atan atan2
    coalesce nullif ifnull if xor isnan isinf isfinite signbit
    concat concat_ws length len strlen char_length character_length octet_length lower lcase upper ucase trim ltrim rtrim
    substring substr left right lpad rpad replace translate reverse position strpos instr contains starts_with ends_with
    prefix suffix split_part string_split str_split split string_to_array regexp_matches regexp_full_match regexp_replace
    regexp_extract like_escape not_like_escape ilike_escape not_ilike_escape ascii ord chr unicode overlay strip_accents
    levenshtein jaccard jaro_similarity jaro_winkler_similarity damerau_levenshtein hamming format printf md5 sha256 hex hash
    bar format_bytes
    date_part datepart date_trunc datetrunc date_diff datediff date_sub datesub date_add age extract epoch epoch_ms epoch_us
    epoch_ns year month day hour minute second millisecond microsecond quarter week weekofyear weekday dayofweek isodow
    dayofmonth dayofyear isoyear yearweek decade century era dayname monthname last_day days_in_month julian make_date
    make_time make_timestamp make_timestamp_ms time_bucket strftime strptime try_strptime timezone to_timestamp
    to_years to_quarters to_months to_weeks to_days to_hours to_minutes to_seconds to_milliseconds to_microseconds
    list_value list_contains list_extract list_aggregate list_distinct list_sort list_sum list_count array_length
    array_extract struct_pack struct_extract row unnest typeof
    """
)  # fmt: skip

# Not allowed, and worth a sentence.
BECAUSE = {
    **dict.fromkeys(
        _words(
            "now today current_date current_time current_timestamp get_current_time get_current_timestamp localtime localtimestamp "
            "current_localtime current_localtimestamp transaction_timestamp random setseed uuid gen_random_uuid uuidv4 uuidv7"
        ),
        "it would answer differently each time. Every table of marts has as_of, the day its figures are told for",
    ),
    **dict.fromkeys(
        _words(
            "read_csv read_csv_auto read_json read_json_auto read_parquet parquet_scan read_text read_blob glob sniff_csv"
        ),
        "it reads files. The tables of the lake have names: see `shoplake show`",
    ),
}

TYPES = _words(
    """
    boolean bool tinyint smallint integer int int1 int2 int4 int8 bigint long hugeint uhugeint utinyint usmallint uinteger
    ubigint signed short decimal numeric real float float4 float8 double varchar text string char bpchar date time timestamp
    timestamp_s timestamp_ms timestamp_ns timestamptz datetime interval timestamp_us list array struct row oid
    """
) | {"timestamp with time zone", "time with time zone", "double precision"}  # fmt: skip

CLASSES = _words(
    """
    CONSTANT COLUMN_REF FUNCTION WINDOW COMPARISON CONJUNCTION OPERATOR CASE CAST BETWEEN SUBQUERY STAR COLLATE
    POSITIONAL_REFERENCE TYPE
    """
)

# Nodes without a class: queries, what stands in FROM, and what modifies a query.
NODES = _words(
    """
    SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE BASE_TABLE SUBQUERY JOIN EMPTY EXPRESSION_LIST
    ORDER_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER DISTINCT_MODIFIER ORDER_DEFAULT ASCENDING DESCENDING
    """
)
