"""Values and rules, pure: no clock, no database, no process, no socket is touched here."""
