import Uploads
import Vocabulary

/// What a client learns before the answer, and with it.
extension SimulatedClient {
  /// What the notices of one request said.
  final class Told: @unchecked Sendable {
    // Sendable because a simulation runs on one thread.
    var offset: Int64?
    /// Of the request, if it is a creation that has one.
    let key: String?
    /// What the client said of the file's digest at that time.
    let declaration: ClientFile.Declaration

    init(_ intent: UploadIntent, of file: ClientFile) {
      declaration = file.declaration
      if case .create(let creation) = intent { key = creation.idempotencyKey } else { key = nil }
    }
  }

  /// A notice is an acknowledgement like an answer is (MUST-1).
  func hear(_ notice: UploadNotice, _ told: Told) {
    guard life.isRunning else { return }
    switch notice {
    case .created(let view):
      run.note("file \(file.number) << created \(view.id)")
      compareKeyed(view.id, told.key)
      adopt(view, told.declaration)
    case .progressed(let id, let offset):
      run.note("file \(file.number) << progressed \(offset)")
      if offset < told.offset ?? 0 { run.break("notices of \(id) go back to \(offset)") }
      told.offset = offset
      guard var upload = file.uploads[id] else { return run.break("a notice of \(id), which is unknown") }
      upload.acknowledged = max(upload.acknowledged, offset)
      file.uploads[id] = upload
      run.requireDurable(offset, of: id, file)
    }
  }

  /// The upload is the file's, and the one to go on with.
  func adopt(_ view: UploadView, _ declaration: ClientFile.Declaration) {
    if file.uploads[view.id] == nil { file.uploads[view.id] = .init(declaration: declaration) }
    if file.goal == .open { file.current = view.id }
  }

  /// A creation sent again with its key comes to one upload.
  func compareKeyed(_ id: UploadID, _ key: String?) {
    guard let key else { return }
    if let keyed = file.keyed[key], keyed != id, !run.hasLeapt {
      run.break("creations with \(key) made \(keyed) and \(id)")
    }
    file.keyed[key] = id
  }
}
