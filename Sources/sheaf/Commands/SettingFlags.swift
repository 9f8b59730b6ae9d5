import ArgumentParser
import Foundation
import GatewayConfiguration
import Platform

/// The flags of every setting; name and help come from its declaration.
struct SettingFlags: ParsableArguments {
  @Option(name: .customLong(SettingSources.fileFlag), help: .settingsFile) var config: String?

  @Option(name: .of(\.data), help: .of(\.data)) var data: String?
  @Option(name: .of(\.sources), help: .of(\.sources)) var sources: [String] = []
  @Option(name: .of(\.host), help: .of(\.host)) var host: String?
  @Option(name: .of(\.port), help: .of(\.port)) var port: String?
  @Option(name: .of(\.unixSocket), help: .of(\.unixSocket)) var unixSocket: String?
  @Option(name: .of(\.tlsCertificate), help: .of(\.tlsCertificate)) var tlsCertificate: String?
  @Option(name: .of(\.tlsKey), help: .of(\.tlsKey)) var tlsKey: String?
  @Option(name: .of(\.publicURL), help: .of(\.publicURL)) var publicURL: String?
  @Option(name: .of(\.trustedProxies), help: .of(\.trustedProxies)) var trustedProxies: String?
  @Option(name: .of(\.interimResponses), help: .of(\.interimResponses)) var interimResponses: String?
  @Option(name: .of(\.interimProxies), help: .of(\.interimProxies)) var interimProxies: String?
  @Option(name: .of(\.allowedOrigins), help: .of(\.allowedOrigins)) var allowedOrigins: String?
  @Flag(name: .of(\.allowCredentials), inversion: .prefixedNo, help: .of(\.allowCredentials))
  var allowCredentials: Bool?
  @Flag(name: .of(\.insecure), inversion: .prefixedNo, help: .of(\.insecure)) var insecure: Bool?
  @Option(name: .of(\.drainSeconds), help: .of(\.drainSeconds)) var drainSeconds: String?
  @Option(name: .of(\.idleTimeoutSeconds), help: .of(\.idleTimeoutSeconds)) var idleTimeoutSeconds: String?
  @Option(name: .of(\.headTimeoutSeconds), help: .of(\.headTimeoutSeconds)) var headTimeoutSeconds: String?
  @Option(name: .of(\.maximumConnections), help: .of(\.maximumConnections)) var maximumConnections: String?
  @Option(name: .of(\.maximumConnectionsPerAddress), help: .of(\.maximumConnectionsPerAddress))
  var maximumConnectionsPerAddress: String?
  @Option(name: .of(\.logFormat), help: .of(\.logFormat)) var logFormat: String?
  @Option(name: .of(\.logLevel), help: .of(\.logLevel)) var logLevel: String?
  @Option(name: .of(\.durability), help: .of(\.durability)) var durability: String?
  @Option(name: .of(\.maximumUploadBytes), help: .of(\.maximumUploadBytes)) var maximumUploadBytes: String?
  @Option(name: .of(\.maximumAppendBytes), help: .of(\.maximumAppendBytes)) var maximumAppendBytes: String?
  @Option(name: .of(\.maximumPartialBytes), help: .of(\.maximumPartialBytes)) var maximumPartialBytes: String?
  @Option(name: .of(\.maximumOpenPerAddress), help: .of(\.maximumOpenPerAddress)) var maximumOpenPerAddress:
    String?
  @Option(name: .of(\.minimumBytesPerSecond), help: .of(\.minimumBytesPerSecond)) var minimumBytesPerSecond:
    String?
  @Option(name: .of(\.smallUploadBytes), help: .of(\.smallUploadBytes)) var smallUploadBytes: String?
  @Option(name: .of(\.smallBufferBytes), help: .of(\.smallBufferBytes)) var smallBufferBytes: String?
  @Option(name: .of(\.uploadExpirySeconds), help: .of(\.uploadExpirySeconds)) var uploadExpirySeconds: String?
  @Option(name: .of(\.orphanExpirySeconds), help: .of(\.orphanExpirySeconds)) var orphanExpirySeconds: String?
  @Option(name: .of(\.pushExpirySeconds), help: .of(\.pushExpirySeconds)) var pushExpirySeconds: String?
  @Option(name: .of(\.reserveBytes), help: .of(\.reserveBytes)) var reserveBytes: String?
  @Option(name: .of(\.collectionHours), help: .of(\.collectionHours)) var collectionHours: String?
  @Option(name: .of(\.scrubBytesPerSecond), help: .of(\.scrubBytesPerSecond)) var scrubBytesPerSecond: String?
  @Option(name: .of(\.maximumRunning), help: .of(\.maximumRunning)) var maximumRunning: String?
  @Option(name: .of(\.heartbeatMilliseconds), help: .of(\.heartbeatMilliseconds)) var heartbeatMilliseconds:
    String?
  @Option(name: .of(\.maximumAttempts), help: .of(\.maximumAttempts)) var maximumAttempts: String?
  @Option(name: .of(\.commitTimeoutSeconds), help: .of(\.commitTimeoutSeconds)) var commitTimeoutSeconds:
    String?
  @Option(name: .of(\.ioThreads), help: .of(\.ioThreads)) var ioThreads: String?

  /// What was given, by the settings' names.
  var texts: [String: String] {
    var texts: [String: String] = [:]
    func add<Value>(_ setting: KeyPath<SettingDeclarations, Setting<Value>>, _ text: String?) {
      texts[Settings.declarations[keyPath: setting].name] = text
    }
    add(\.data, data)
    add(\.sources, sources.isEmpty ? nil : sources.joined(separator: ","))
    add(\.host, host)
    add(\.port, port)
    add(\.unixSocket, unixSocket)
    add(\.tlsCertificate, tlsCertificate)
    add(\.tlsKey, tlsKey)
    add(\.publicURL, publicURL)
    add(\.trustedProxies, trustedProxies)
    add(\.interimResponses, interimResponses)
    add(\.interimProxies, interimProxies)
    add(\.allowedOrigins, allowedOrigins)
    add(\.allowCredentials, allowCredentials.map { String($0) })
    add(\.insecure, insecure.map { String($0) })
    add(\.drainSeconds, drainSeconds)
    add(\.idleTimeoutSeconds, idleTimeoutSeconds)
    add(\.headTimeoutSeconds, headTimeoutSeconds)
    add(\.maximumConnections, maximumConnections)
    add(\.maximumConnectionsPerAddress, maximumConnectionsPerAddress)
    add(\.logFormat, logFormat)
    add(\.logLevel, logLevel)
    add(\.durability, durability)
    add(\.maximumUploadBytes, maximumUploadBytes)
    add(\.maximumAppendBytes, maximumAppendBytes)
    add(\.maximumPartialBytes, maximumPartialBytes)
    add(\.maximumOpenPerAddress, maximumOpenPerAddress)
    add(\.minimumBytesPerSecond, minimumBytesPerSecond)
    add(\.smallUploadBytes, smallUploadBytes)
    add(\.smallBufferBytes, smallBufferBytes)
    add(\.uploadExpirySeconds, uploadExpirySeconds)
    add(\.orphanExpirySeconds, orphanExpirySeconds)
    add(\.pushExpirySeconds, pushExpirySeconds)
    add(\.reserveBytes, reserveBytes)
    add(\.collectionHours, collectionHours)
    add(\.scrubBytesPerSecond, scrubBytesPerSecond)
    add(\.maximumRunning, maximumRunning)
    add(\.heartbeatMilliseconds, heartbeatMilliseconds)
    add(\.maximumAttempts, maximumAttempts)
    add(\.commitTimeoutSeconds, commitTimeoutSeconds)
    add(\.ioThreads, ioThreads)
    return texts
  }

  /// All settings, from these flags, the environment and the settings file.
  ///
  /// - Throws: `CommandFailure` with the one line that says what is wrong.
  func resolve() throws -> ResolvedSettings {
    do {
      return try Settings.load(
        flags: texts, config: config, environment: ProcessInfo.processInfo.environment,
        read: SettingsFileReader.read)
    } catch {
      throw CommandFailure("\(error)")
    }
  }
}

/// Reads a settings file; symbolic links are followed, as container platforms mount files behind them.
private enum SettingsFileReader {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  static func read(_ path: String) throws -> String? {
    let bytes: Data
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw Failure(description: "it is a folder")
    }
    do {
      let file = try FileHandle(forReadingFrom: URL(filePath: path))
      defer { try? file.close() }
      // One byte more than is allowed, so that a file that is too large is seen to be.
      bytes = try file.read(upToCount: SettingSources.maximumFileBytes + 1) ?? Data()
    } catch let error as CocoaError where error.code == .fileReadNoSuchFile || error.code == .fileNoSuchFile {
      return nil
    } catch {
      throw Failure(description: error.localizedDescription)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(description: "it is not UTF-8")
    }
    return text
  }
}

extension NameSpecification {
  static func of<Value>(_ setting: KeyPath<SettingDeclarations, Setting<Value>>) -> Self {
    .customLong(Settings.declarations[keyPath: setting].flag)
  }
}

extension ArgumentHelp {
  static func of<Value>(_ setting: KeyPath<SettingDeclarations, Setting<Value>>) -> Self {
    let setting = Settings.declarations[keyPath: setting]
    // A placeholder that lists every value has said it all.
    let expectation = setting.placeholder.contains("|") ? "" : "; \(setting.expectation)"
    let standard = setting.shownDefault.isEmpty ? "none" : setting.shownDefault
    return Self("\(setting.help)\(expectation). (default: \(standard))", valueName: setting.placeholder)
  }

  static var settingsFile: Self {
    Self(
      "The settings file. (default: $\(SettingSources.fileVariable), or \(SettingSources.standardFile) if there is one)",
      valueName: "path")
  }
}
