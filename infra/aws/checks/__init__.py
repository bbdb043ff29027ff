"""The findings of security rules about the templates, and the reason for each that stays."""
