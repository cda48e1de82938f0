ALTER TABLE `classification` ADD `stall_id` integer;--> statement-breakpoint
ALTER TABLE `match` ADD `part_vnd` integer;