import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Prints the keys that an engine itself knows, one a line, read from its own classes: java PublishedKeys.java hive|tez|spark|kafka|kafka-producer|kafka-consumer|kafka-topic. */
public final class PublishedKeys {
    private static final Set<String> KEYS = new TreeSet<>();

    public static void main(String[] engines) throws Exception {
        switch (engines[0]) {
            case "hive" -> {
                for (Object entry : constants("org.apache.hadoop.hive.conf.HiveConf$ConfVars"))
                    KEYS.add((String) entry.getClass().getField("varname").get(entry));
                for (Object entry : constants("org.apache.hadoop.hive.metastore.conf.MetastoreConf$ConfVars")) {
                    KEYS.add((String) entry.getClass().getMethod("getVarname").invoke(entry));
                    KEYS.add((String) entry.getClass().getMethod("getHiveName").invoke(entry));
                }
            }
            case "tez" -> {
                texts("org.apache.tez.dag.api.TezConfiguration");
                texts("org.apache.tez.runtime.library.api.TezRuntimeConfiguration");
            }
            case "spark" -> {
                // Loading a group of settings enters it into the list of all.
                for (String group : new String[] {"package", "Deploy", "History", "Kryo", "Network", "Python", "Status", "Streaming", "UI", "Worker"})
                    Class.forName("org.apache.spark.internal.config." + group + "$");
                for (String group : new String[] {"SQLConf", "StaticSQLConf"})
                    Class.forName("org.apache.spark.sql.internal." + group + "$");
                texts("org.apache.spark.launcher.SparkLauncher");
                Class<?> entries = Class.forName("org.apache.spark.internal.config.ConfigEntry$");
                Object all = entries.getMethod("knownConfigs").invoke(entries.getField("MODULE$").get(null));
                ((Map<?, ?>) all).keySet().forEach(key -> KEYS.add((String) key));
                Class<?> sql = Class.forName("org.apache.spark.sql.internal.SQLConf$");
                for (Object entry : (Iterable<?>) sql.getMethod("getConfigEntries").invoke(sql.getField("MODULE$").get(null)))
                    KEYS.add((String) entry.getClass().getMethod("key").invoke(entry));
            }
            case "kafka" -> {
                names("org.apache.kafka.server.config.AbstractKafkaConfig");
                texts("org.apache.kafka.metadata.authorizer.StandardAuthorizer");
                KEYS.add("config.providers");
            }
            case "kafka-producer" -> call("org.apache.kafka.clients.producer.ProducerConfig");
            case "kafka-consumer" -> call("org.apache.kafka.clients.consumer.ConsumerConfig");
            case "kafka-topic" -> texts("org.apache.kafka.common.config.TopicConfig");
            default -> throw new IllegalArgumentException(engines[0]);
        }
        KEYS.forEach(System.out::println);
    }

    private static Object[] constants(String name) throws Exception {
        return Class.forName(name).getEnumConstants();
    }

    /** Of a class that keeps its definitions in CONFIG_DEF. */
    private static void names(String name) throws Exception {
        Object definitions = Class.forName(name).getField("CONFIG_DEF").get(null);
        for (Object key : (Set<?>) definitions.getClass().getMethod("names").invoke(definitions))
            KEYS.add((String) key);
    }

    /** Of a class that tells its names. */
    private static void call(String name) throws Exception {
        for (Object key : (Set<?>) Class.forName(name).getMethod("configNames").invoke(null))
            KEYS.add((String) key);
    }

    private static void texts(String name) throws Exception {
        for (Field field : Class.forName(name).getFields())
            if (Modifier.isStatic(field.getModifiers()) && field.getType() == String.class)
                KEYS.add(String.valueOf(field.get(null)));
    }
}
