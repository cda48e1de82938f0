CREATE TABLE `row_telling` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`market_id` integer NOT NULL,
	`vendor_id` integer NOT NULL,
	`tells` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `row_telling_vendor` ON `row_telling` (`market_id`,`vendor_id`);--> statement-breakpoint
ALTER TABLE `session` ADD `section_id` integer;--> statement-breakpoint
ALTER TABLE `sign_in_code` ADD `section_id` integer;