"""What a build tells: the reconciliation of every row that arrived, what was rebuilt, what was found."""

from typing import Any

from shoplake.build.plan import Plan
from shoplake.build.run import Result


def plan_as_text(plan: Plan) -> str:
    if plan.is_nothing:
        return f"Nothing to do: generation {plan.parent.generation if plan.parent else 0} holds all that has arrived."
    lines = [
        f"Would clean {len(plan.new)} raw partitions and build core and marts {'whole' if plan.whole else 'where they are touched'}:"
    ]
    return "\n".join(lines + [f"  {reason}" for reason in plan.reasons])


def plan_as_json(plan: Plan) -> dict[str, Any]:
    return {
        "nothing_to_do": plan.is_nothing,
        "whole": plan.whole,
        "partitions": [f"{a.table}/ds={a.ds}" for a in plan.new],
        "reasons": plan.reasons,
    }


def reconciliation(result: Result) -> list[dict[str, Any]]:
    """One line a table: landed = clean + duplicate + rejected, and the reasons."""
    lines = []
    for table in sorted({p.table for p in result.partitions}):
        mine = [p for p in result.partitions if p.table == table]
        reasons: dict[str, int] = {}
        for p in mine:
            for reason, count in p.reasons.items():
                name = reason.partition(":")[0]
                reasons[name] = reasons.get(name, 0) + count
        lines.append(
            {
                "table": table,
                "days": len(mine),
                "landed": sum(p.landed for p in mine),
                "clean": sum(p.clean for p in mine),
                "duplicate": sum(p.duplicate for p in mine),
                "rejected": sum(p.rejected for p in mine),
                "nulled_values": sum(p.nulled for p in mine),
                "reasons": dict(sorted(reasons.items())),
            }
        )
    return lines


def result_as_text(result: Result) -> str:
    if result.generation is None:
        return "Nothing to do: the published generation holds all that has arrived."
    lines = [f"{'table':<14}{'days':>6}{'landed':>12} ={'clean':>12} +{'duplicate':>10} +{'rejected':>10}"]
    for line in reconciliation(result):
        lines.append(
            f"{line['table']:<14}{line['days']:>6}{line['landed']:>12} ={line['clean']:>12} +{line['duplicate']:>10} +{line['rejected']:>10}"
        )
        if line["reasons"]:
            lines.append("    rejected: " + ", ".join(f"{name} {count}" for name, count in line["reasons"].items()))
        if line["nulled_values"]:
            lines.append(f"    {line['nulled_values']} unreadable values of other columns became NULL")
    if not result.is_full:
        for table, days in result.touched.items():
            lines.append(f"{table}: {len(days)} days rewritten" + (f" ({days[0]} to {days[-1]})" if days else ""))
    lines += [f"told: {finding}" for finding in result.told]
    lines.append(
        f"Published generation {result.generation}, as of {result.as_of}, {len(result.tables)} tables, in {result.seconds:.1f} s."
    )
    return "\n".join(lines)


def result_as_json(result: Result) -> dict[str, Any]:
    return {
        "generation": result.generation,
        "as_of": result.as_of,
        "seconds": round(result.seconds, 3),
        "full": result.is_full,
        "new_partitions": result.new_partitions,
        "reconciliation": reconciliation(result),
        "tables": result.tables,
        "touched": result.touched,
        "told": result.told,
        "reasons": result.reasons,
    }
