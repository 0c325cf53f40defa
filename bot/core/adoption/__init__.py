"""What would past merges have got, and which policy fits this repository?"""
