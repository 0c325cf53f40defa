"""Actions of people on a stand-in, grouped by their target; `bot.standin.stand_in` joins them."""
