ALTER TABLE `session` ADD `kind` text DEFAULT 'owner' NOT NULL;--> statement-breakpoint
ALTER TABLE `session` ADD `waiting` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `session` ADD `sees_after` integer DEFAULT 0 NOT NULL;