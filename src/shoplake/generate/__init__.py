"""A made shop: users, products, orders, refunds and clicks, with every fault that was planted written down."""
