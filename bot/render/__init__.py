"""What people read: plain words for a terminal, and pages that stand on their own."""
