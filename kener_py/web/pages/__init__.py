"""The public pages: ask the service one thing, render it. What a status is, others have decided."""
