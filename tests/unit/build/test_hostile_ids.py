"""Ids and paths are anybody's text: slashes, at signs, quotes and the unknown member's own key make no two things one."""

from pathlib import Path

from tests.making import ask, deliver, run


def test_ids_that_hold_separators_share_no_key(tmp_path: Path) -> None:
    lake, moment = tmp_path / "lake", "2025-05-02T10:00:00Z"
    visits = [
        ("a", "b/c", None),
        ("a/b", "c", None),
        ("a", None, None),
        ("a@1746180000000000", None, None),
        ("v", "s", "@unknown"),
    ]
    events = [
        {
            "event_id": f"e{n}",
            "event_type": "view",
            "event_ts": moment,
            "visitor_id": visitor,
            "session_id": session,
            "user_id": user,
        }
        for n, (visitor, session, user) in enumerate(visits)
    ]
    deliver(lake, "clickstream", "2025-05-02", events)
    deliver(lake, "users", "2025-05-02", [{"user_id": "@unknown", "updated_at": "2025-05-01T00:00:00Z"}])
    run(lake)
    assert ask(lake, "SELECT COUNT(DISTINCT session_key), COUNT(*) FROM gen.core.fact_sessions") == [(5, 5)]
    assert ask(lake, "SELECT user_key FROM gen.core.fact_clickstream WHERE user_id = '@unknown'") == [("@unknown@0",)]


def test_a_lake_may_lie_where_a_name_holds_a_quote(tmp_path: Path) -> None:
    lake = tmp_path / "o'brien" / "lake"
    lake.parent.mkdir()
    event = {"event_id": "e", "event_type": "view", "event_ts": "2025-05-02T10:00:00Z", "visitor_id": "v"}
    deliver(lake, "clickstream", "2025-05-02", [{**event, "user_agent": "Mozilla/5.0"}])
    run(lake)
    deliver(lake, "clickstream", "2025-05-03", [{**event, "event_id": "f", "user_agent": "Mozilla/4.0"}])
    run(lake)
    assert ask(lake, "SELECT COUNT(*) FROM gen.core.fact_clickstream") == [(2,)]
