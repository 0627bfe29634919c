"""How fast is it, and against whom? Every figure is a ratio to a reference run beside it; see docs/reference/benchmarks.md."""
