"""What people do on a stand-in, by what they do it to; `bot.standin.stand_in` is all of it."""
