"""`shoplake query`: answers what is in the lake, and reaches nothing else."""

import csv
import json
from pathlib import Path

import pytest

from shoplake.contracts import load
from shoplake.errors import ShoplakeError, WrongUse
from shoplake.look.guard import check
from shoplake.look.opened import opened
from tests.making import session
from tests.unit.look.conftest import Ask

CONTRACTS = load()

ESCAPES = r"""
select * from 'x.parquet'
select * from "lake/x.csv"
from 'x.csv'
select * from core.dim_users, 'x.csv'
select 1 union all select * from 'x.csv'
select * from (values ((select 1 from 'x.csv')))
select sum(quantity) filter (where exists (select 1 from 'x.csv')) from clean.transactions
select * from 's3://bucket/y.parquet'
select * from 'https://example.org/y.csv'
select * from read_parquet('x.parquet')
select * from read_csv('/etc/passwd')
select (select content from read_text('/etc/passwd'))
select read_text('/etc/passwd')
select * from core.dim_users order by (select count(*) from glob('/*'))
select count(*) from core.dim_users limit (select count(*) from glob('/*'))
select * from duckdb_settings()
select * from pragma_table_info('x')
select * from sniff_csv('x')
select * from range(10)
select * from unnest([1])
select * from query('select 1')
select * from query_table('core.dim_users')
select * from information_schema.tables
select * from pg_catalog.pg_tables
select * from sqlite_master
select * from duckdb_tables
select * from raw.transactions
select * from gen.core.dim_users
select * from lake.clean.users
select * from "core.dim_users"
select * from core.dim_users at (version => 1)
with "a.parquet" as (select 1) select * from "a.parquet"
select * from (with sqlite_master as (select 1) select * from sqlite_master) a, sqlite_master
with a as (select * from sqlite_master), sqlite_master as (select 1) select * from a
with a as (insert into core.dim_users values (1) returning *) select * from a
select getenv('HOME')
select current_setting('memory_limit')
select getvariable('x')
select main.getvariable('x')
select nextval('s')
select pg_sleep(1)
select error('x')
select write_log('x')
select json_serialize_plan('select 1')
select current_user
select list_transform([1], x -> x)
select list_transform([1], lambda x: x)
select x::my_type from core.dim_users
select $1
select ?
select $name
attach 'x.db' as x
copy core.dim_users to 'x.csv'
copy (select 1) to 'x.csv'
install httpfs
load httpfs
pragma database_list
set memory_limit='1GB'
reset memory_limit
call pragma_version()
export database 'x'
import database 'x'
create table x as select 1
create macro f(x) as x
drop table core.dim_users
insert into core.dim_users select * from core.dim_users
update core.dim_users set city='x'
delete from core.dim_users
merge into core.dim_users using core.dim_users on true when matched then delete
select * into x from core.dim_users
explain analyze select 1
select 1; select 2
select 1 /* ; */ ; attach 'x'
select 1 --
; drop table core.dim_users
pivot clean.transactions on currency using sum(quantity)
select * from (pivot clean.transactions on currency using sum(quantity))
describe clean.users
summarize clean.users
select * from (describe clean.users)
begin
vacuum
checkpoint
use lake
prepare x as select 1
execute x
""".strip().replace(" --\n;", " --\\n;").splitlines()  # fmt: skip

FINE = """
select count(*), sum(quantity * unit_price) from clean.transactions
with a as (select * from core.dim_users where is_current) select country, count(*) n from a group by all order by n desc nulls last limit 10
with recursive d as (select 1 as n union all select n + 1 from d where n < 10) select * from d
select order_date, sum(net_amount) over (partition by currency order by order_date rows between 6 preceding and current row) s from marts.agg_daily_sales qualify row_number() over (order by order_date desc) < 5
select extract(year from order_date) y, date_trunc('month', order_date) m, strftime(order_date, '%Y') from clean.transactions group by all having count(*) > 1
select * exclude (ds) from clean.users where email like '%@x.org' and city in ('a', 'b') or lower(city) ilike 'z%'
(select 1 from core.dim_date) union all select 2 from core.dim_date
select * from (values (1, 'a'), (2, 'b')) t(x, y)
values (1), (2)
from marts.customer_rfm select rfm_segment, count(*) group by 1
select user_id::varchar || 'x', try_cast(quantity as decimal(18,2)), date '2020-01-01' + interval 1 day from clean.transactions -- drop table x
select substring(user_id from 1 for 2), position('a' in user_id), trim(both 'x' from user_id), user_id is not distinct from 'a', quantity between 1 and 3 from clean.transactions
select count(*) filter (where status = 'paid'), string_agg(distinct currency, ',' order by currency), median(unit_price), arg_max(product_id, unit_price) from clean.transactions;
select exists (select 1 from ledger.arrivals), (select max(ds) from ledger.arrivals), -quantity, quantity % 2, quantity // 2 from clean.transactions limit 1
SELECT "order_date" FROM Marts.Agg_Daily_Sales
select grouping(currency), sum(net_amount) from marts.agg_daily_sales group by rollup (currency)
with a as (select 1 x), b as (select x + 1 y from a) select * from a, b
select $$a;b'x.csv'$$, 'x.parquet'
select count(*) from rejected.clickstream where raw_text like '%;%'
select lag(net_amount, 1, 0) over w from marts.agg_daily_sales window w as (order by order_date)
""".strip().splitlines()


@pytest.mark.parametrize("sql", ESCAPES)
def test_nothing_gets_out(sql: str) -> None:
    with pytest.raises(WrongUse, match=r"^query: .*[.?`]$"):
        check(sql.replace("\\n", "\n"), CONTRACTS)


@pytest.mark.parametrize(
    "sql", ["", ";", "-- nothing", "select", "select 'open", "select " + "(" * 5000 + "1" + ")" * 5000]
)
def test_what_is_no_query_is_said_to_be_none(sql: str) -> None:
    with pytest.raises(WrongUse, match=r"^query: "):
        check(sql, CONTRACTS)


def test_the_second_wall_holds_without_the_first(lake: Path, tmp_path: Path) -> None:
    """With no reading of the statement at all, the connection reaches only this generation's files and cannot write."""
    (tmp_path / "x.csv").write_text("a\n1\n")
    with opened(session(lake)) as one:
        one.lock()
        for sql in (
            f"SELECT * FROM '{tmp_path / 'x.csv'}'", f"SELECT * FROM read_text('{tmp_path / 'x.csv'}')", f"SELECT * FROM glob('{tmp_path}/*')",
            f"ATTACH '{tmp_path / 'new.db'}'", f"COPY (SELECT 1) TO '{tmp_path / 'y.csv'}'", "INSTALL httpfs", "SET memory_limit = '1GB'",
            "SET enable_external_access = true", "DELETE FROM gen.core.dim_users", "CREATE TABLE gen.core.x AS SELECT 1",
            f"SELECT * FROM '{one.lake.root / 'gen' / 'gen-000001.duckdb'}'",
        ):  # fmt: skip
            with pytest.raises(ShoplakeError):
                one.engine.execute(sql)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.csv"]


def test_fine_questions_are_answered(lake: Path) -> None:
    with opened(session(lake)) as one:
        one.lock()
        for sql in FINE:
            check(sql, CONTRACTS)
            one.engine.rows(sql.rstrip(";"))


def test_formats(ask: Ask, lake: Path) -> None:
    sql = "select order_date, currency, net_amount, currency = 'EUR' as e, null as n from marts.agg_daily_sales where order_date = date '2025-03-09' order by currency"
    table = ask("query", sql, "--lake", lake)
    assert table.code == 0
    assert [line.split() for line in table.out.splitlines()][1] == ["2025-03-09", "EUR", "46.5020", "True", "NULL"]
    rows = list(csv.reader(ask("query", sql, "--format", "csv", "--lake", lake).out.splitlines()))
    assert rows == [
        ["order_date", "currency", "net_amount", "e", "n"],
        ["2025-03-09", "EUR", "46.5020", "true", ""],
        ["2025-03-09", "USD", "14.0000", "false", ""],
    ]
    found = json.loads(ask("query", sql, "--json", "--lake", lake).out)
    assert (found["kind"], found["generation"], found["as_of"]) == ("query", 2, "2025-03-10")
    assert found["columns"][2] == {"name": "net_amount", "type": "DECIMAL(18,4)"}
    assert found["rows"][0] == ["2025-03-09", "EUR", "46.5020", True, None]


def test_generations_and_layers(ask: Ask, lake: Path) -> None:
    count = "select count(*) from clean.users"
    assert ask("query", count, "--format", "csv", "--lake", lake).out.split() == ["count_star()", "4"]
    assert ask("query", count, "--format", "csv", "--lake", lake, "--generation", "1").out.split() == [
        "count_star()",
        "3",
    ]
    rejected = "select reject_reason, raw_text from rejected.clickstream"
    assert "malformed,{broken" in ask("query", rejected, "--format", "csv", "--lake", lake).out
    assert (
        ask(
            "query",
            "select sum(landed_rows) - sum(clean_rows + duplicate_rows + rejected_rows) from ledger.arrivals",
            "--lake",
            lake,
        ).out.split()[-1]
        == "0"
    )


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select qty from clean.transactions", "no column qty in clean.transactions. Did you mean quantity"),
        ("select t.quantaty from clean.transactions t", "Did you mean quantity"),
        ("select * from clean.transacton", "Did you mean clean.transactions?"),
        ("select * from fact_clickstream", "Did you mean core.fact_clickstream?"),
        ("select totle(1)", "the function totle is not allowed"),
        ("select summ(quantity) from clean.transactions", "Did you mean sum?"),
        ("select sum(user_id) from clean.users", "query: "),
        ("select * frm clean.users", "not SQL"),
        ("select now()", "as_of"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_the_remedy(ask: Ask, lake: Path, sql: str, said: str) -> None:
    found = ask("query", sql, "--lake", lake)
    assert found.code == 2
    assert found.out == ""
    assert said in found.err
    assert len(found.err.strip().splitlines()) == 1


def test_wrong_use(ask: Ask, lake: Path, tmp_path: Path) -> None:
    assert "expected table, csv, json" in ask("query", "select 1", "--format", "xml", "--lake", lake).err
    assert "not kept. Kept: 1, 2" in ask("query", "select 1", "--generation", "9", "--lake", lake).err
    assert "no lake here" in ask("query", "select 1", "--lake", tmp_path / "none").err
    assert not (tmp_path / "none").exists()
