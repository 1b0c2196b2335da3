"""Directories that are reached over LDAP: connections, filters, values, what they offer."""
