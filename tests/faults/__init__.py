"""What happens when things go wrong from outside: kills, full disks, folders that vanish."""
