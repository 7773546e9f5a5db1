// SPDX-License-Identifier: Apache-2.0
// A client on Java's own TLS: opens keystore and truststore, checks the server's name, sends
// CONNECT, and prints the CONNACK in hexadecimal digits.

import java.io.FileInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

public class Connect {
    private static KeyStore open(String type, String file, String password) throws Exception {
        KeyStore store = KeyStore.getInstance(type);
        // Only the type that was asked for: Java's own loader would take either.
        try (InputStream in = new FileInputStream(file)) {
            store.load(in, password.toCharArray());
        }
        return store;
    }

    // port type keystore password key-password truststore password
    public static void main(String[] words) throws Exception {
        System.setProperty("keystore.type.compat", "false");
        java.security.Security.setProperty("keystore.type.compat", "false");
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(open(words[1], words[2], words[3]), words[4].toCharArray());
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(open(words[1], words[5], words[6]));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory()
                .createSocket("localhost", Integer.parseInt(words[0]))) {
            SSLParameters checks = socket.getSSLParameters();
            checks.setEndpointIdentificationAlgorithm("HTTPS");
            socket.setSSLParameters(checks);
            socket.setSoTimeout(10_000);
            socket.startHandshake();
            OutputStream out = socket.getOutputStream();
            out.write(new byte[] {
                0x10, 16, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 4, 'j', 'a', 'v', 'a'
            });
            out.flush();
            StringBuilder text = new StringBuilder();
            for (int count = 0; count < 4; count++) {
                text.append(String.format("%02x", socket.getInputStream().read()));
            }
            System.out.println(text + " " + socket.getSession().getProtocol());
        }
    }
}
