"""What givers see: pages that work without script, in their language, and ask nobody else for anything."""
