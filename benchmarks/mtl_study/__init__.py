"""What do two-step balancing and exclusivity buy over a well-regularised plain sum?"""
