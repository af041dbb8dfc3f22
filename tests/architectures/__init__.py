"""Networks written as in their papers' reference code, trained with both libraries."""
