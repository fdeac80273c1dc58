"""Parts that others have made."""
