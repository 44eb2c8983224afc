from django.db import migrations

from paideia.content.touch import touch_through_document


class Migration(migrations.Migration):
    dependencies = [("courses", "0001_initial"), ("content", "0002_touch")]
    operations = [
        touch_through_document("courses_course", "document_id"),
        touch_through_document("courses_section", "course_id"),
        touch_through_document("courses_lesson", "document_id"),
        touch_through_document("courses_question", "lesson_id"),
    ]
