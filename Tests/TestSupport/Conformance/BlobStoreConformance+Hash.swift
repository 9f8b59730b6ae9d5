import Blobs
import Platform
import Testing
import Vocabulary

extension BlobStoreConformance {
  static let hashLaws: [BlobStoreLaw] = [
    BlobStoreLaw("MUST-4 a saved hash state is taken up, and nothing it covers is read again") { store in
      var random = SeededRandom(seed: 1)
      let bytes = random.bytes(3000)
      try await store.createPartial(id(1), urgency: .atOnce)
      let first = try await store.openPartial(id(1), hashState: nil, urgency: .atOnce)
      try first.append(Array(bytes[..<1000]), isStaged: false)
      _ = try await first.digest()
      try await first.sync()
      let saved = first.hash
      #expect(saved.byteCount == 1000)
      try first.append(Array(bytes[1000..<1700]), isStaged: false)
      first.close()
      // 700 bytes arrived after the state was saved: they are hashed from the file.
      let second = try await store.openPartial(id(1), hashState: saved.state, urgency: .atOnce)
      defer { second.close() }
      #expect(second.hash.byteCount == 1000)
      try second.append(Array(bytes[1700...]), isStaged: false)
      #expect(try await second.digest() == SHA256Stream.digest(of: bytes))
      try await second.sync()
      #expect(second.hash.byteCount == 3000)
    },
    BlobStoreLaw("MUST-4 without a fitting hash state the prefix is hashed again") { store in
      let bytes = [UInt8](repeating: 7, count: 500)
      var tooLong = SHA256Stream()
      tooLong.update([UInt8](repeating: 7, count: 501))
      try await fill(store, id(1), bytes)
      for state in [nil, [], [1, 2, 3], tooLong.savedState] as [[UInt8]?] {
        let partial = try await store.openPartial(id(1), hashState: state, urgency: .atOnce)
        #expect(partial.hash.byteCount == 0)
        #expect(try await partial.digest() == SHA256Stream.digest(of: bytes))
        partial.close()
      }
    },
    BlobStoreLaw("a cut back to the last sync keeps the hash of what stays") { store in
      try await store.createPartial(id(1), urgency: .atOnce)
      let partial = try await store.openPartial(id(1), hashState: nil, urgency: .atOnce)
      defer { partial.close() }
      try partial.append([1, 2, 3, 4] as [UInt8], isStaged: false)
      _ = try await partial.digest()
      try await partial.sync()
      try partial.append([5, 6, 7] as [UInt8], isStaged: false)
      try await partial.truncate(to: 4)
      #expect(partial.size == 4)
      #expect(partial.hash.byteCount == 4)
      try partial.append([8] as [UInt8], isStaged: false)
      #expect(try await partial.digest() == SHA256Stream.digest(of: [1, 2, 3, 4, 8]))
    },
    BlobStoreLaw("a cut below the last sync, and one to nothing, give the digest of what is there") { store in
      try await store.createPartial(id(1), urgency: .atOnce)
      let partial = try await store.openPartial(id(1), hashState: nil, urgency: .atOnce)
      defer { partial.close() }
      try partial.append([1, 2, 3, 4] as [UInt8], isStaged: false)
      try await partial.sync()
      try partial.append([5, 6] as [UInt8], isStaged: false)
      try await partial.truncate(to: 2)
      #expect(partial.size == 2)
      #expect(partial.hash.byteCount <= 2)
      try partial.append([9] as [UInt8], isStaged: false)
      #expect(try await partial.digest() == SHA256Stream.digest(of: [1, 2, 9]))
      try await partial.truncate(to: 0)
      #expect(try await partial.digest() == SHA256Stream().digest())
      try partial.append([7] as [UInt8], isStaged: false)
      #expect(try await partial.digest() == SHA256Stream.digest(of: [7]))
    },
  ]

  /// Random calls on one partial file beside an array of bytes.
  static let modelLaws: [BlobStoreLaw] = (0..<12).map { seed in
    BlobStoreLaw("a partial file is an array of bytes, seed \(seed)") { store in
      var random = SeededRandom(seed: UInt64(seed))
      var model: [UInt8] = []
      var saved: [UInt8]?
      var savedModel: [UInt8] = []
      try await store.createPartial(id(1), urgency: .atOnce)
      var partial = try await store.openPartial(id(1), hashState: nil, urgency: .atOnce)
      for _ in 0..<150 {
        switch random.int(0...9) {
        case 0...4:
          let chunks = (0..<random.int(0...3)).map { _ in random.bytes(random.int(0...200)) }
          for chunk in chunks { try partial.append(chunk, isStaged: random.int(0...1) == 0) }
          model += chunks.joined()
        case 5:
          let size = random.int(0...model.count)
          try await partial.truncate(to: Int64(size))
          model = Array(model[..<size])
          // What a saved state covers may not be cut off and written anew; then the row forgets the state.
          if model.count < savedModel.count { saved = nil }
        case 6:
          try await partial.sync()
          saved = partial.hash.state
          savedModel = Array(model[..<Int(partial.hash.byteCount)])
        case 7:
          #expect(try await partial.digest() == SHA256Stream.digest(of: model))
        case 8:
          partial.close()
          partial = try await store.openPartial(id(1), hashState: saved, urgency: .atOnce)
        default:
          let read = try await all(store.readPartial(id(1)))
          #expect(read == model)
        }
        #expect(partial.size == Int64(model.count))
        #expect(partial.hash.byteCount <= partial.size)
      }
      #expect(try await partial.digest() == SHA256Stream.digest(of: model))
      partial.close()
    }
  }
}
