"""What of CiviCRM's own sentences reaches our messages: what can name nobody, and no more."""

import pytest

from connector.civicrm import answers
from connector.errors import AlreadyExists, ConnectorError


def test_only_the_part_of_a_sentence_that_can_name_nobody_is_shown() -> None:
    text = "DB Error: already exists [Duplicate entry 'amina@example.org' for key]"
    with pytest.raises(AlreadyExists) as caught:
        answers.rows({"error_message": text, "status": 500}, answers.Asked("Individual.save", writes=True))
    assert "DB Error: already exists" in str(caught.value)
    assert "amina" not in str(caught.value)


def test_a_v3_error_without_a_message_is_an_error_still() -> None:
    with pytest.raises(ConnectorError):
        answers.result3({"is_error": 1}, answers.Asked("Contact.getmergedto", writes=False))
