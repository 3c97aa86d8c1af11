alter table jobs drop column held_for;
