/** A reader with more than this unread has stopped reading: it is dropped, and can come back. */
export const LARGEST_BACKLOG_BYTES = 1024 * 1024
