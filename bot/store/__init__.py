"""What does the service remember? The audit log, rate-limit holds, and the database of both."""
