"""What this machine has and lacks, and the line that mends it."""
