"""What Fairlead writes, as Jinja2 templates; each is rendered by `bot.core.publish.templating`."""
