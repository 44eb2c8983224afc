"""Addresses of courses and lessons inside a community."""

from django.urls import path

from paideia.courses.views import courses, editing, lessons, questions, structure

urlpatterns = [
    path("courses/", courses.course_list, name="courses"),
    path("courses/mine/", courses.my_courses, name="my_courses"),
    path("courses/new/", editing.course_new, name="course_new"),
    path("courses/<int:pk>/", courses.course, name="course"),
    path("courses/<int:pk>/enrolment/", courses.enrolment, name="enrolment"),
    path("courses/<int:pk>/edit/", editing.course_edit, name="course_edit"),
    path("courses/<int:pk>/outline/", structure.outline, name="course_outline"),
    path("courses/<int:pk>/publication/", structure.publication, name="course_publication"),
    path("courses/<int:pk>/withdrawal/", structure.withdrawal, name="course_withdrawal"),
    path("courses/<int:pk>/removal/", structure.removal, name="course_removal"),
    path("courses/<int:pk>/sections/", structure.sections, name="sections"),
    path("sections/<int:pk>/", structure.section, name="section"),
    path("sections/<int:pk>/position/", structure.section_position, name="section_position"),
    path("sections/<int:pk>/removal/", structure.section_removal, name="section_removal"),
    path("sections/<int:pk>/lessons/new/", editing.lesson_new, name="lesson_new"),
    path("lessons/<int:pk>/", lessons.lesson, name="lesson"),
    path("lessons/<int:pk>/edit/", editing.lesson_edit, name="lesson_edit"),
    path("lessons/<int:pk>/completion/", lessons.completion, name="completion"),
    path("lessons/<int:pk>/answers/", lessons.answers, name="answers"),
    path("lessons/<int:pk>/position/", structure.lesson_position, name="lesson_position"),
    path("lessons/<int:pk>/publication/", structure.lesson_publication, name="lesson_publication"),
    path("lessons/<int:pk>/withdrawal/", structure.lesson_withdrawal, name="lesson_withdrawal"),
    path("lessons/<int:pk>/removal/", structure.lesson_removal, name="lesson_removal"),
    path("lessons/<int:pk>/questions/", questions.question_list, name="questions"),
    path("lessons/<int:pk>/questions/new/", questions.question_new, name="question_new"),
    path("questions/<int:pk>/edit/", questions.question_edit, name="question_edit"),
    path("questions/<int:pk>/position/", questions.question_position, name="question_position"),
    path("questions/<int:pk>/removal/", questions.question_removal, name="question_removal"),
]
