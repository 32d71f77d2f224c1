"""What CiviCRM must have before anything else: compared with `mappings/setup.toml`, made when missing, checked."""
