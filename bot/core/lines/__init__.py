"""Which lines does a change touch, which of them caused a field, and how would a fix edit them?"""
