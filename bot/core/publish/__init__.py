"""What is posted or printed, as values and as Markdown.

* What does a comment or the check's summary say? `report`
* What text of a manifest may be shown, and how is it escaped? `excerpt`, `markdown`
* Which operations bring GitHub to what the review says? `plan`, `operations`, `commentable_lines`
* What does a person ask for in a comment, and what is the answer? `commands`, `replies`
* What does the JSON of a review look like? `review_json`
"""
