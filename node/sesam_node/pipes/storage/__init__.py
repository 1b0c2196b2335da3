"""Object storage behind url systems: `s3://bucket/…`, `gs://bucket/…`, `az://container/…`."""
