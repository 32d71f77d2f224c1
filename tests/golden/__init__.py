"""Examples as files: what goes in stands beside what must come out."""
