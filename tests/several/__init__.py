"""What several machines share, for real: the database on PostgreSQL, the queue on Redis."""
