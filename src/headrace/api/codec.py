"""What a dialect says about its wire."""
