"""What belongs to other servers' dialects and has to live in Python: imported only where one is asked for."""
