from django.apps import AppConfig


class CoursesConfig(AppConfig):
    name = "paideia.courses"
