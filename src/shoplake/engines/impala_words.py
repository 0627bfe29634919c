"""The words Impala knows: types, functions, hints, reserved words, query options. What is not here is refused.

Names only, kept by hand. Sources: Impala's own reference as Hue 4.8.3 ships it (npm `gethue`, src/sql/reference/impala, Apache-2.0),
and of apache/impala common/function-registry/impala_functions.py (commit 02302b7), fe/src/main/jflex/sql-scanner.flex (73171cb) and
docs/topics/impala_hints.xml (0357178).
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Of columns and casts. ARRAY, MAP and STRUCT exist too; no table here has one.
COLUMN_TYPES = _words(
    "BIGINT BINARY BOOLEAN CHAR DATE DECIMAL DOUBLE FLOAT INT INTEGER REAL SMALLINT STRING TIMESTAMP TINYINT VARCHAR"
)

# Joins: BROADCAST, SHUFFLE. INSERT: SHUFFLE, NOSHUFFLE, CLUSTERED, NOCLUSTERED. Tables: where blocks are read, how many rows to
# believe in. SELECT: STRAIGHT_JOIN.
HINTS = _words(
    """
    BROADCAST SHUFFLE NOSHUFFLE CLUSTERED NOCLUSTERED STRAIGHT_JOIN
    SCHEDULE_CACHE_LOCAL SCHEDULE_DISK_LOCAL SCHEDULE_REMOTE RANDOM_REPLICA
    """
)

# Built-in scalar, aggregate and analytic functions.
BUILTINS = _words(
    """
    abs acos add_months adddate appx_median ascii asin atan atan2 avg base64decode base64encode bin bitand bitnot
    bitor bitxor btrim ceil ceiling char_length character_length chr coalesce concat concat_ws conv coordinator cos
    cosh cot count countset cume_dist current_database current_timestamp date_add date_part date_sub date_trunc
    datediff day dayname dayofmonth dayofweek dayofyear days_add days_sub dceil decode degrees dense_rank dexp dfloor
    dlog1 dpow dround dsqrt dtrunc e effective_user exp extract factorial find_in_set first_value floor fmod fnv_hash
    fpow from_timestamp from_unixtime from_utc_timestamp getbit greatest group_concat hex hour hours_add hours_sub if
    ifnull initcap instr int_months_between is_inf is_nan isfalse isnotfalse isnottrue isnull istrue lag last_day
    last_value lcase lead least left length levenshtein ln locate log log10 log2 logged_in_user lower lpad ltrim max
    max_bigint max_int max_smallint max_tinyint microseconds_add microseconds_sub millisecond milliseconds_add
    milliseconds_sub min min_bigint min_int min_smallint min_tinyint minute minutes_add minutes_sub mod month
    monthname months_add months_between months_sub murmur_hash nanoseconds_add nanoseconds_sub ndv negative next_day
    nonnullvalue now ntile nullif nullifzero nullvalue nvl nvl2 parse_url percent_rank pi pid pmod positive pow power
    precision quarter quotient radians rand random rank regexp_escape regexp_extract regexp_like regexp_match_count
    regexp_replace repeat replace reverse right rotateleft rotateright round row_number rpad rtrim scale second
    seconds_add seconds_sub setbit shiftleft shiftright sign sin sinh sleep space split_part sqrt stddev stddev_pop
    stddev_samp strleft strright subdate substr substring sum tan tanh timeofday timestamp_cmp to_date to_timestamp
    to_utc_timestamp translate trim trunc truncate typeof ucase unhex unix_micros_to_utc_timestamp unix_timestamp
    upper user utc_timestamp utc_to_unix_micros uuid var_pop var_samp variance variance_pop variance_samp version
    weekofyear weeks_add weeks_sub width_bucket year years_add years_sub zeroifnull
    """
)

# Not to be used as a name unless quoted (reserved_words_version 3.0.0).
RESERVED = _words(
    """
    abs acos add aggregate all allocate alter analytic and anti any api_version are array array_agg
    array_max_cardinality as asc asensitive asin asymmetric at atan atomic authorization avg avro backup begin
    begin_frame begin_partition between bigint binary blob block_size boolean both break browse bulk by cache cached
    call called cardinality cascade cascaded case cast ceil ceiling change char char_length character character_length
    check checkpoint class classifier clob close close_fn clustered coalesce collate collect column columns comment
    commit compression compute condition conf connect constraint contains continue convert copy corr corresponding cos
    cosh count covar_pop covar_samp create cross cube cume_dist current current_catalog current_date
    current_default_transform_group current_path current_role current_row current_schema current_time
    current_timestamp current_transform_group_for_type current_user cursor cycle data database databases date datetime
    day dayofweek dbcc deallocate dec decfloat decimal declare default define delete delimited dense_rank deny deref
    desc describe deterministic disable disconnect disk distinct distributed div double drop dump dynamic each element
    else empty enable encoding end end_frame end_partition enforced equals errlvl escape escaped every except exchange
    exec execute exists exit exp explain extended external extract false fetch fields file filefactor fileformat files
    filter finalize_fn first first_value float floor following for foreign format formatted frame_row free freetext
    from full function functions fusion get global goto grant group grouping groups hash having hold holdlock hour
    hudiparquet iceberg identity if ignore ilike import in incremental index indicator init_fn initial inner inout
    inpath insensitive insert int integer intermediate intersect intersection interval into invalidate iregexp is jdbc
    join json_array json_arrayagg json_exists json_object json_objectagg json_query json_table json_table_primitive
    json_value jsonfile key kill kudu lag language large last last_value lateral lead leading left less lexical like
    like_regex limit lineno lines listagg ln load local localtime localtimestamp location log log10 lower macro
    managedlocation map match match_number match_recognize matches max member merge merge_fn metadata method min minus
    minute mod modifies module month more multiset national natural nchar nclob new no nocheck non nonclustered none
    norely normalize not novalidate nth_value ntile null nullif nulls numeric occurrences_regex octet_length of off
    offset offsets old omit on one only open optimize option or orc order out outer over overlaps overlay overwrite
    parameter parquet parquetfile partialscan partition partitioned partitions pattern per percent percent_rank
    percentile_cont percentile_disc period pivot plan portion position position_regex power precedes preceding
    precision prepare prepare_fn preserve primary print proc procedure produced ptf public purge raiseerror range rank
    rcfile read reads readtext real reconfigure recover recursive reduce ref references referencing refresh regexp
    regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy release rely rename
    repeatable replace replication restore restrict result return returns revert revoke right rlike role roles
    rollback rollup row row_number rowcount rows rule running rwstorage save savepoint schema schemas scope scroll
    search second securityaudit seek select selectivity semi sensitive sequencefile serdeproperties serialize_fn
    session_user set sets setuser show shutdown similar sin sinh skip smallint some sort spec specific specifictype
    sql sqlexception sqlstate sqlwarning sqrt start static statistics stats stddev_pop stddev_samp storagehandler_uri
    stored straight_join string struct submultiset subset substring substring_regex succeeds sum symbol symmetric
    system system_time system_user system_version table tables tablesample tan tanh tblproperties terminated textfile
    textsize then time timestamp timezone_hour timezone_minute tinyint to top trailing tran transform translate
    translate_regex translation treat trigger trim trim_array true truncate try_convert uescape unbounded uncached
    union unique uniquejoin unknown unnest unpivot unset update update_fn updatetext upper upsert use user using
    utc_tmestamp validate value value_of values var_pop var_samp varbinary varchar varying versioning view views
    waitfor when whenever where while width_bucket window with within without writetext year
    """
)

# What SET may set.
QUERY_OPTIONS = _words(
    """
    ALLOW_ERASURE_CODED_FILES APPX_COUNT_DISTINCT BATCH_SIZE BUFFER_POOL_LIMIT COMPRESSION_CODEC
    COMPUTE_STATS_MIN_SAMPLE_SIZE DEFAULT_JOIN_DISTRIBUTION_MODE DEFAULT_SPILLABLE_BUFFER_SIZE DISABLE_CODEGEN
    DISABLE_ROW_RUNTIME_FILTERING DISABLE_STREAMING_PREAGGREGATIONS DISABLE_UNSAFE_SPILLS
    EXEC_SINGLE_NODE_ROWS_THRESHOLD EXEC_TIME_LIMIT_S EXPLAIN_LEVEL HBASE_CACHE_BLOCKS HBASE_CACHING MAX_ERRORS
    MAX_MEM_ESTIMATE_FOR_ADMISSION MAX_NUM_RUNTIME_FILTERS MAX_ROW_SIZE MAX_SCAN_RANGE_LENGTH MEM_LIMIT
    MIN_SPILLABLE_BUFFER_SIZE MT_DOP NUM_NODES NUM_SCANNER_THREADS OPTIMIZE_PARTITION_KEY_SCANS
    PARQUET_ANNOTATE_STRINGS_UTF8 PARQUET_FALLBACK_SCHEMA_RESOLUTION PARQUET_FILE_SIZE PREFETCH_MODE QUERY_TIMEOUT_S
    REPLICA_PREFERENCE REQUEST_POOL RUNTIME_BLOOM_FILTER_SIZE RUNTIME_FILTER_MAX_SIZE RUNTIME_FILTER_MIN_SIZE
    RUNTIME_FILTER_MODE RUNTIME_FILTER_WAIT_TIME_MS S3_SKIP_INSERT_STAGING SCHEDULE_RANDOM_REPLICA SCRATCH_LIMIT
    SHUFFLE_DISTINCT_EXPRS SYNC_DDL TIMEZONE TOPN_BYTES_LIMIT
    """
)
