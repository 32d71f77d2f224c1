"""A site's fields as `getFields` told them, and the places of the shipped mappings and golden files."""

import json
from functools import cache
from pathlib import Path

from connector.civicrm.schema import Schema
from connector.settings import SHIPPED_MAPPINGS
from connector.sync import mapping_file as mappings
from connector.sync.mapping import Mapping

GOLDEN = Path(__file__).parents[1] / "golden"


@cache
def schema() -> Schema:
    """The fields of a site that is set up."""
    return Schema.of(json.loads((GOLDEN / "civicrm" / "fields.json").read_text(encoding="utf-8")))


@cache
def members() -> Mapping:
    """The shipped mapping for members."""
    return mappings.load(SHIPPED_MAPPINGS / "members.toml")
