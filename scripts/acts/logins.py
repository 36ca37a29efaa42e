"""The login of a site's stores, as its stack is given it."""

PASSWORD_SETTING = "dr:databasePassword"  # noqa: S105 (the name of a setting)
