"""The pages as people see them, in Debian's Chromium."""
