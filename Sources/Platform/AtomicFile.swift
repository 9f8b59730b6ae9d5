/// The only way a small file of the store appears: temp → write → fsync → rename → fsync folder (MUST-2).
package enum AtomicFile {
  /// Puts `bytes` at `folder/name`, replacing what is there; after it returns the file is complete and durable.
  ///
  /// The temporary name is derived from the final one, so a crashed attempt leaves one file that the next replaces.
  package static func write(
    _ bytes: [UInt8], to name: String, in folder: String, permissions: UInt32 = 0o644,
    on files: any FileSystem
  ) throws(FileError) {
    let temporary = "\(folder)/.\(name).tmp"
    try files.remove(temporary)
    let file = try files.open(temporary, .create)
    defer { file.close() }
    try file.write([bytes], at: 0)
    try file.setPermissions(permissions)
    try file.sync()
    try files.rename(temporary, to: "\(folder)/\(name)")
    try files.syncFolder(folder)
  }
}
