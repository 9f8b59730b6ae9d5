import Platform

/// The calls that the processes of one life make to a `SimulatedDisk`.
package struct SimulatedFileSystem: FileSystem {
  let disk: SimulatedDisk
  let mount: Int

  private func enter(_ call: String, _ path: String, _ details: String = "") throws(FileError) {
    if let fault = try disk.enter(call, path, details, mount: mount) {
      throw SimulatedDisk.injected(fault, call, path)
    }
  }

  package func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any OpenFile {
    let call = "open"
    try enter(call, path, "\(mode)")
    switch (disk.tree.node(path), mode) {
    case (.file(let file), .read): return SimulatedFile(file, path, mode, self)
    case (.file(let file), .readWrite):
      guard file.mode & 0o200 != 0 else { throw SimulatedDisk.error(.denied, call, path, "read-only file") }
      return SimulatedFile(file, path, mode, self)
    case (.file, .create), (.folder, .create): throw SimulatedDisk.error(.exists, call, path, "file exists")
    case (.folder, .read), (.folder, .readWrite):
      throw SimulatedDisk.error(.other, call, path, "is a folder")
    case (nil, .read), (nil, .readWrite): throw SimulatedDisk.error(.notFound, call, path, "no such file")
    case (nil, .create):
      let place = try place(path, call)
      let file = SimulatedFileContent()
      disk.tree.change([(place.folder, place.name, .file(file))])
      return SimulatedFile(file, path, mode, self)
    }
  }

  package func size(_ path: String) throws(FileError) -> Int64? {
    try enter("lstat", path)
    switch disk.tree.node(path) {
    case .file(let file): return Int64(file.current.count)
    case .folder: return 4096
    case nil: return nil
    }
  }

  package func list(_ folder: String) throws(FileError) -> [String] {
    try enter("opendir", folder)
    return try self.folder(folder, "opendir").current.keys.sorted().shuffled(using: &disk.random)
  }

  package func makeFolder(_ path: String) throws(FileError) {
    try enter("mkdir", path)
    if disk.tree.node(path) != nil { return }
    if disk.tree.place(path) == nil, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      try makeFolder(String(path[..<slash]))
    }
    let place = try place(path, "mkdir")
    disk.tree.change([(place.folder, place.name, .folder(.init()))])
  }

  package func rename(_ old: String, to new: String) throws(FileError) {
    try enter("rename", new, "from \(old)")
    let file = try file(old, "rename")
    let (from, to) = (try place(old, "rename"), try place(new, "rename"))
    let replaced = disk.tree.node(new)
    disk.tree.change([(from.folder, from.name, nil), (to.folder, to.name, .file(file))])
    if case .file(let replaced) = replaced, replaced !== file { disk.reclaim(replaced) }
  }

  package func link(_ old: String, to new: String) throws(FileError) {
    try enter("link", new, "to \(old)")
    let file = try file(old, "link")
    guard disk.tree.node(new) == nil else { throw SimulatedDisk.error(.exists, "link", new, "file exists") }
    let to = try place(new, "link")
    disk.tree.change([(to.folder, to.name, .file(file))])
  }

  package func remove(_ path: String) throws(FileError) {
    try enter("unlink", path)
    guard disk.tree.node(path) != nil else { return }
    let file = try file(path, "unlink")
    let place = try place(path, "unlink")
    disk.tree.change([(place.folder, place.name, nil)])
    disk.reclaim(file)
  }

  package func syncFolder(_ path: String) throws(FileError) {
    // A name that another thread makes while this call runs is not promised.
    let last = disk.tree.serial
    if let fault = try disk.enter("fsync", path, "", mount: mount) {
      disk.failedSyncs += 1
      throw SimulatedDisk.injected(fault, "fsync", path)
    }
    disk.tree.sync(try folder(path, "fsync"), upTo: last)
  }

  package func space(_ path: String) throws(FileError) -> (free: Int64, total: Int64) {
    try enter("statvfs", path)
    return (max(0, disk.capacity - disk.usedBytes), disk.capacity)
  }

  private func place(_ path: String, _ call: String) throws(FileError) -> (
    folder: SimulatedFolderTree.Folder, name: String
  ) {
    guard let place = disk.tree.place(path) else {
      throw SimulatedDisk.error(.notFound, call, path, "no such folder")
    }
    return place
  }

  private func file(_ path: String, _ call: String) throws(FileError) -> SimulatedFileContent {
    switch disk.tree.node(path) {
    case .file(let file): return file
    case .folder: throw SimulatedDisk.error(.other, call, path, "is a folder")
    case nil: throw SimulatedDisk.error(.notFound, call, path, "no such file")
    }
  }

  private func folder(_ path: String, _ call: String) throws(FileError) -> SimulatedFolderTree.Folder {
    guard case .folder(let folder) = disk.tree.node(path) else {
      throw SimulatedDisk.error(.notFound, call, path, "no such folder")
    }
    return folder
  }
}
