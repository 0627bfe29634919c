"""Land real files: keep the original, recognise the source, split into plain and odd raw files."""
