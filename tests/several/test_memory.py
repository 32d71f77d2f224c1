"""What sync remembers, and its runs, on PostgreSQL: the same tests, but for the one that looks into SQLite's file."""

from tests.unit.test_history import *  # noqa: F403
from tests.unit.test_memory import *  # noqa: F403

del test_the_file_itself_holds_no_value_and_no_key_of_a_person  # noqa: F821
