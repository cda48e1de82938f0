ALTER TABLE `source` ADD `unbound_version` integer DEFAULT 0;--> statement-breakpoint
ALTER TABLE `source_account` ADD `version` integer;--> statement-breakpoint
CREATE INDEX `source_account_version` ON `source_account` (`version`);--> statement-breakpoint
ALTER TABLE `stall` ADD `version` integer;--> statement-breakpoint
CREATE INDEX `stall_version` ON `stall` (`version`);--> statement-breakpoint
CREATE INDEX `tenancy_vendor` ON `tenancy` (`market_id`,`vendor_id`);